/**
 * The operations that the rules of the service are made of. A rule is a synchronous generator: it yields an operation and
 * is resumed with its result, and does nothing else, so that production and the executable model (test/model) run the very
 * same steps. Time comes in as an argument.
 */
import type { TokenBatch } from '../../protocol/generated/schema-types.ts';
import type { GenerationEvent } from '../../protocol/items.ts';
import type { Key } from '../../protocol/keys.ts';
import type { ConditionalUpdate, Expression } from '../../protocol/writes.ts';

/** A sort key range of one partition, in key order unless `backwards`. */
export interface RangeRead {
  readonly pk: string;
  readonly from: string;
  readonly to: string;
  readonly backwards?: boolean;
  readonly limit?: number;
}

/**
 * One operation with the name of its step. Writes and reads of one item are repeated until their outcome is known, unless
 * `once`: then an unknown outcome is thrown into the rule. So are a failing range, invocation and an error that
 * DynamoDB gives for certain.
 */
export type Operation = { readonly step: string } & (
  | { readonly kind: 'get'; readonly key: Key; readonly once?: boolean }
  | { readonly kind: 'put'; readonly item: Key; readonly condition?: Expression }
  | { readonly kind: 'update'; readonly write: ConditionalUpdate; readonly once?: boolean }
  | { readonly kind: 'remove'; readonly key: Key }
  | { readonly kind: 'range'; readonly range: RangeRead }
  | { readonly kind: 'invoke'; readonly event: GenerationEvent }
  | { readonly kind: 'publish'; readonly batch: Omit<TokenBatch, 'publishedAt'> }
);

/** A rule: yields operations, is resumed with their results, returns what it came to. */
export type Rule<Result> = Generator<Operation, Result, unknown>;

/** A strongly consistent read of one item. */
export function* get<Item>(step: string, key: Key, once = false): Rule<Item | undefined> {
  return (yield { step, kind: 'get', key, once }) as Item | undefined;
}

/** Stores an item; with a condition only where it holds. */
export function* put(step: string, item: Key, condition?: Expression): Rule<'stored' | 'refused'> {
  return (yield { step, kind: 'put', item, ...(condition ? { condition } : {}) }) as 'stored' | 'refused';
}

/** A conditional update; answers the whole new item. */
export function* update<Item>(step: string, write: ConditionalUpdate, once = false): Rule<Item | 'refused'> {
  return (yield { step, kind: 'update', write, once }) as Item | 'refused';
}

/** Removes an item, there or not. */
export function* remove(step: string, key: Key): Rule<void> {
  yield { step, kind: 'remove', key };
}

/** A strongly consistent read of a range, whole. */
export function* range<Item>(step: string, read: RangeRead): Rule<Item[]> {
  return (yield { step, kind: 'range', range: read }) as Item[];
}

/** Invokes `generate` asynchronously; throws when Lambda did not take the event. */
export function* invoke(step: string, event: GenerationEvent): Rule<void> {
  yield { step, kind: 'invoke', event };
}

/** Publishes one batch with its retries; answers whether subscribers were given it (I7: nothing may depend on it). */
export function* publish(step: string, batch: Omit<TokenBatch, 'publishedAt'>): Rule<boolean> {
  return (yield { step, kind: 'publish', batch }) as boolean;
}
