import type { Clock } from './clock.ts';

/** The first pause after a failure. */
export const FIRST_BACKOFF_MS = 500;
/** The longest pause: a service that comes back is met within it. */
export const MAX_BACKOFF_MS = 8_000;

/**
 * The pause after `failures` failures in a row (from 1): 0.5 s doubled each time up to 8 s, a quarter more or less by
 * `random`, so that clients cut off together do not return together. Never shorter than what the service asked for.
 */
export function backoffMs(failures: number, random: () => number, retryAfterMs = 0): number {
  const base = Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** (Math.max(1, failures) - 1));
  return Math.max(retryAfterMs, Math.round(base * (0.75 + random() / 2)));
}

/** Pauses that end early all together, when the page wakes or closes. */
export class Pauses {
  readonly #clock: Clock;
  readonly #ends = new Set<() => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves after `ms`, or at the next `wake`. */
  wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        cancel();
        this.#ends.delete(end);
        resolve();
      };
      const cancel = this.#clock.after(ms, end);
      this.#ends.add(end);
    });
  }

  /** Ends every running pause. */
  wake(): void {
    for (const end of [...this.#ends]) end();
  }
}
