import type { ChatError } from '../protocol/errors.ts';
import type { Clock } from './clock.ts';

/** The first pause after a failure. */
const FIRST_BACKOFF_MS = 500;
/** The longest pause: a service that comes back is met within it. */
const MAX_BACKOFF_MS = 8_000;

/**
 * The pause after `failures` failures in a row (from 1): 0.5 s doubled each time up to 8 s, a quarter more or less by
 * `random`, so that clients cut off together do not return together. Never shorter than what the service asked for.
 */
export function backoffMs(failures: number, random: () => number, retryAfterMs = 0): number {
  const base = Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** (Math.max(1, failures) - 1));
  return Math.max(retryAfterMs, Math.round(base * (0.75 + random() / 2)));
}

/** Pauses that end early all together, when the page wakes or what waits is closed. */
export class Pauses {
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #pauses = new Set<{ readonly end: () => void; readonly hurry: () => void }>();

  constructor(clock: Clock, random: () => number) {
    this.#clock = clock;
    this.#random = random;
  }

  /**
   * Resolves after the pause that `failures` failures in a row call for, the last of them `error`, or at a `wake`, but not
   * before the service allows it: what it asked for holds for a wake too.
   */
  afterFailure(failures: number, { retryAfterMs = 0 }: ChatError): Promise<void> {
    return new Promise((resolve) => {
      const earliest = this.#clock.now() + retryAfterMs;
      const end = () => {
        cancel();
        this.#pauses.delete(pause);
        resolve();
      };
      const hurry = () => {
        cancel();
        const restMs = earliest - this.#clock.now();
        if (restMs <= 0) end();
        else cancel = this.#clock.after(restMs, end);
      };
      const pause = { end, hurry };
      let cancel = this.#clock.after(backoffMs(failures, this.#random, retryAfterMs), end);
      this.#pauses.add(pause);
    });
  }

  /** The page woke: every running pause ends as soon as it may. */
  wake(): void {
    for (const { hurry } of [...this.#pauses]) hurry();
  }

  /** Ends every running pause: nobody waits for anything any more. */
  close(): void {
    for (const { end } of [...this.#pauses]) end();
  }
}
