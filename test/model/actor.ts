import type { Operation, Rule } from '../../functions/rules/operations.ts';
import type { Truth } from './truth.ts';

/** What a rule's removal does to the operations of a schedule; see removals.ts. */
export interface Removal {
  /** Another operation instead, or the answer without doing it. */
  readonly alter?: (operation: Operation, truth: Truth) => Operation | { readonly answer: unknown };
  readonly isPublishedFirst?: boolean;
  readonly isPurgedOnce?: boolean;
  /** Actors like to pause right before this step, where its guard matters. */
  readonly pausesAt?: string;
}

/** What a schedule did, for the counts that show that the races took place. */
export type Tally = Record<string, number>;

/** One process or client: a rule that is made when it begins, and what it waits for. */
export interface Actor {
  readonly name: string;
  readonly make: () => Rule<void>;
  /** Not before this holds. */
  readonly isDue?: () => boolean;
  /** Called when a Lambda worker fails: its on-failure destination. */
  readonly onFailure?: () => void;
  rule?: Rule<void>;
  pending?: Operation;
  /** Does nothing before this step: a paused process whose lease runs out is a zombie when it wakes. */
  wakesAt?: number;
}
