import { NO_FAULTS, type FaultSet } from './fault-set.ts';
import { sumOfCounts, type FaultCounts } from './tally.ts';

/** A part of the stack in which faults happen. */
export interface FaultyPart {
  /** Replaces the whole set, also for what is running. */
  setFaults(faults: FaultSet): Promise<void> | void;
  /** What happened in it since it was started. */
  injectedFaults(): Promise<FaultCounts> | FaultCounts;
}

/** The faults of the whole stack. */
export interface FaultControl {
  current(): FaultSet;
  /** Resolves when every part goes by the new set. */
  replace(faults: FaultSet): Promise<void>;
  /** Switches all faults off and wakes the workers that stand still. What is late already stays late. */
  reset(): Promise<void>;
  /** How many of each fault happened since the stack was started; a new set does not set them back. */
  injected(): Promise<FaultCounts>;
}

/** Creates the control over the parts, with no faults on. `wakeWorkers` ends every pause. */
export function createFaultControl(parts: readonly FaultyPart[], wakeWorkers: () => void): FaultControl {
  let current = NO_FAULTS;
  const replace = async (faults: FaultSet): Promise<void> => {
    current = faults;
    await Promise.all(parts.map(async (part) => part.setFaults(faults)));
  };
  return {
    current: () => current,
    replace,
    async reset() {
      await replace(NO_FAULTS);
      wakeWorkers();
    },
    injected: async () => sumOfCounts(await Promise.all(parts.map(async (part) => part.injectedFaults()))),
  };
}
