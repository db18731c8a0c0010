import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createSingleFlight } from '../../../local/reload/single-flight.ts';

/** A task whose runs the test ends by hand. */
function heldTask() {
  const runs: { signal: AbortSignal; end: () => void }[] = [];
  const task = (signal: AbortSignal) =>
    new Promise<void>((resolve) => {
      runs.push({ signal, end: resolve });
      signal.addEventListener('abort', () => resolve());
    });
  return { runs, task };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('createSingleFlight', () => {
  it('runs once for requests that come within the settling time, after the last of them', async () => {
    const { runs, task } = heldTask();
    const flight = createSingleFlight(task, 100);
    flight.request();
    await vi.advanceTimersByTimeAsync(60);
    flight.request();
    await vi.advanceTimersByTimeAsync(99);
    expect(runs).toHaveLength(0);
    await vi.advanceTimersByTimeAsync(1);
    expect(runs).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(runs).toHaveLength(1);
  });

  it('runs once more after a run during which requests came, and never two at a time', async () => {
    const { runs, task } = heldTask();
    const flight = createSingleFlight(task, 100);
    flight.request();
    await vi.advanceTimersByTimeAsync(100);
    for (let edit = 0; edit < 3; edit += 1) {
      flight.request();
      await vi.advanceTimersByTimeAsync(200);
    }
    expect(runs).toHaveLength(1);
    runs[0]?.end();
    await vi.advanceTimersByTimeAsync(0);
    expect(runs).toHaveLength(2);
    runs[1]?.end();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(runs).toHaveLength(2);
  });

  it('aborts a run when it is closed, waits for its end, and starts nothing more', async () => {
    const { runs, task } = heldTask();
    const flight = createSingleFlight(task, 100);
    flight.request();
    await vi.advanceTimersByTimeAsync(100);
    flight.request();
    await flight.close();
    expect(runs[0]?.signal.aborted).toBe(true);
    await vi.advanceTimersByTimeAsync(10_000);
    flight.request();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(runs).toHaveLength(1);
  });
});
