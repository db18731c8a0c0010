/** Time as the pacing needs it; `wait` settles early, without an error, when the signal aborts. */
export interface PacingClock {
  now(): number;
  wait(ms: number, signal: AbortSignal): Promise<void>;
  /** Settles after I/O had a turn, so that a client that left is noticed and what was written leaves the process. */
  yieldToIo(): Promise<void>;
}

/**
 * Gives the tokens one after the other at a rate, until the signal aborts.
 *
 * The first comes at once. Each has its own due time counted from the first, so that late timers do not add up; a consumer
 * that falls behind gets the overdue ones without pause. Without a rate nothing waits, but every token still yields to I/O.
 */
export async function* paced(
  tokens: readonly string[],
  tokensPerSecond: number | undefined,
  clock: PacingClock,
  signal: AbortSignal,
): AsyncGenerator<string, void, void> {
  const startedAt = clock.now();
  for (const [index, token] of tokens.entries()) {
    const dueInMs =
      tokensPerSecond === undefined ? 0 : startedAt + (index * 1000) / tokensPerSecond - clock.now();
    if (dueInMs > 0) await clock.wait(dueInMs, signal);
    else if (index > 0) await clock.yieldToIo();
    if (signal.aborted) return;
    yield token;
  }
}
