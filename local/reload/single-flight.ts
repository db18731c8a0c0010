/** A task that is run when asked for, never twice at a time. */
export interface SingleFlight {
  /** Asks for a run `settleMs` after the last request. A request during a run causes one more afterwards, however many there were. */
  request(): void;
  /** Starts nothing more, aborts a run and resolves when it has ended. */
  close(): Promise<void>;
}

/** Wraps a task that never rejects and ends soon after its signal is aborted. */
export function createSingleFlight(
  task: (signal: AbortSignal) => Promise<void>,
  settleMs: number,
): SingleFlight {
  const stopping = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  let isDue = false;

  const start = (): void => {
    if (running !== undefined || stopping.signal.aborted) return;
    isDue = false;
    running = task(stopping.signal).finally(() => {
      running = undefined;
      if (isDue) start();
    });
  };
  return {
    request() {
      clearTimeout(timer);
      timer = setTimeout(() => {
        isDue = true;
        start();
      }, settleMs);
    },
    async close() {
      clearTimeout(timer);
      stopping.abort();
      await running;
    },
  };
}
