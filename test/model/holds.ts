import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { traceOf, violationOf } from './replay.ts';
import type { Tally } from './actor.ts';

/** Tests are cut into blocks, so that a loaded machine reports progress instead of one long silence. */
const BLOCK = 5_000;
const { MODEL_SEED, MODEL_SCHEDULES } = process.env;

/**
 * Silence for the resolvers' log lines, which tell of every injected fault, and no stack traces for the errors that are
 * part of every schedule: they take a third of the time.
 */
export function quietly(): void {
  const limit = Error.stackTraceLimit;
  beforeAll(() => {
    vi.spyOn(console, 'error').mockImplementation(() => undefined);
    Error.stackTraceLimit = 0;
  });
  afterAll(() => {
    vi.restoreAllMocks();
    Error.stackTraceLimit = limit;
  });
}

/**
 * Runs `count` schedules from a seed on and expects that every invariant holds in each. A violation fails with its seed and
 * the readable schedule; `MODEL_SEED=<seed> npx vitest run --project unit test/model` runs that one again, and
 * `MODEL_SEED=<first> MODEL_SCHEDULES=<n>` runs others.
 */
export function holdsFrom(defaultFirst: number, defaultCount: number): void {
  const first = MODEL_SEED === undefined ? defaultFirst : Number(MODEL_SEED);
  const count = MODEL_SEED === undefined ? defaultCount : Number(MODEL_SCHEDULES ?? 1);
  const tally: Tally = {};
  quietly();

  for (let from = first; from < first + count; from += BLOCK) {
    const to = Math.min(from + BLOCK, first + count);
    it(`holds in the schedules of the seeds ${from} to ${to - 1}`, { timeout: 120_000 }, () => {
      for (let seed = from; seed < to; seed += 1) {
        const violation = violationOf(seed, undefined, tally);
        if (violation) expect.fail(traceOf(seed));
      }
    });
  }

  it.runIf(count > 10_000)('has seen every race it is about', () => {
    const missing = RACES.filter((race) => (tally[race] ?? 0) < 10);
    expect(missing).toEqual([]);
  });
}

/** What the schedules must have met to mean something. */
const RACES = [
  'crash',
  'pause',
  'settle',
  'lost',
  'late',
  'unknown',
  'twice',
  'fails Fenced',
  'refused claim',
  'refused slot',
  'refused seal',
  'refused end',
  'refused renew',
  'refused handOver',
  'refused handOver.endUnclaimed',
  'refused settle.pending',
  'refused settle.streaming',
  'refused send.request',
  'refused send.renew',
  'refused regenerate.request',
  'refused step.claimRequest',
  'refused step.renewStart',
  'refused Mutation.cancelMessage.flagStreaming',
  'refused Mutation.cancelMessage.endPending',
  'refused Mutation.cancelMessage.flagClaimed',
  'refused cancel.flag',
  'refused cancel.end',
  'refused Mutation.continueMessage.restart',
  'published END',
  'ends COMPLETE',
  'ends CANCELLED',
  'ends FAILED',
  'ends INTERRUPTED',
  'ends deleted',
];
