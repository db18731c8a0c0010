import type { DatabaseFaults, FaultSet, ModelFaults, PublishFailure } from './fault-set.ts';

/** What an injected fault is counted under: its key in the set, or the path to it. */
export type FaultName =
  | Exclude<keyof FaultSet, 'failPublish' | 'failPublishBy' | 'model' | 'database' | 'seed'>
  | `failPublish.${PublishFailure}`
  | `model.${keyof ModelFaults}`
  | `database.${Exclude<keyof DatabaseFaults, 'appsync'>}`;

/** How many of each fault happened; what never happened is absent. */
export type FaultCounts = Readonly<Partial<Record<FaultName, number>>>;

/** Counts faults as they happen. */
export interface FaultTally {
  count(fault: FaultName, times?: number): void;
  read(): FaultCounts;
}

/** Creates a tally at zero; it is never set back. */
export function createFaultTally(): FaultTally {
  const counts = new Map<FaultName, number>();
  return {
    count(fault, times = 1) {
      if (times > 0) counts.set(fault, (counts.get(fault) ?? 0) + times);
    },
    read: () => Object.fromEntries(counts),
  };
}

/** The counts of several tallies together. */
export function sumOfCounts(all: readonly FaultCounts[]): FaultCounts {
  const sum = createFaultTally();
  for (const counts of all) {
    for (const [fault, times] of Object.entries(counts)) sum.count(fault as FaultName, times);
  }
  return sum.read();
}
