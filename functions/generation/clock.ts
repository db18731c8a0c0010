/** Time as an argument. */
export interface Clock {
  /** Epoch milliseconds. */
  now(): number;
}

/** The system's clock. */
export const systemClock: Clock = { now: () => Date.now() };
