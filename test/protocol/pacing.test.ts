import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PacingProfile } from '../../protocol/generated/schema-types.ts';
import { MAX_BATCH_BYTES } from '../../protocol/limits.ts';
import {
  batchSent,
  dueAt,
  PROFILES,
  startPacing,
  unitsDue,
  windowAfter,
  type PacingState,
  type PacingWindows,
} from '../../protocol/pacing.ts';
import { utf8Bytes } from '../../protocol/token-batch.ts';
import { modelText, propertyRuns } from './property-runs.ts';

const waiting = (text: string, since: number, isFinal = false) => ({ text, since, isFinal });

/** Pacing after a number of batches, the last of which left at 1,000 ms. */
function paced(windows: PacingWindows, batches: number): PacingState {
  return { windows, batches, lastAt: 1_000 };
}

const PROFILE_WINDOWS: Record<PacingProfile, number[]> = {
  LIVE: [60, 96, 154, 246, 250, 250],
  BALANCED: [80, 128, 205, 328, 524, 839, 1_000, 1_000],
  ECONOMY: [80, 128, 205, 328, 524, 839, 1_342, 2_147, 3_000, 3_000],
};

describe('windowAfter', () => {
  it.each(Object.entries(PROFILE_WINDOWS) as [PacingProfile, number[]][])(
    'grows by six tenths to the cap of %s',
    (profile, windows) => {
      expect(windows.map((_, index) => windowAfter(PROFILES[profile], index + 1))).toEqual(windows);
      expect(windowAfter(PROFILES[profile], 100_000)).toBe(PROFILES[profile].maxLingerMs);
    },
  );

  it('is nothing before the first batch', () => {
    expect(windowAfter(PROFILES.BALANCED, 0)).toBe(0);
  });
});

describe('batchSent', () => {
  it.each(Object.entries(PROFILE_WINDOWS) as [PacingProfile, number[]][])(
    'announces the window that follows each batch of %s',
    (profile, windows) => {
      let state = startPacing(PROFILES[profile]);
      const announced = windows.map((_, index) => {
        const sent = batchSent(state, index * 10);
        state = sent.state;
        return sent.nextWithinMs;
      });

      expect(announced).toEqual(windows);
      expect(Math.min(...announced)).toBeGreaterThan(0);
      expect(state).toMatchObject({ batches: windows.length, lastAt: (windows.length - 1) * 10 });
    },
  );
});

describe('dueAt', () => {
  it('sends the first batch at once', () => {
    expect(dueAt(startPacing(PROFILES.ECONOMY), waiting('a', 7))).toBe(7);
  });

  it('waits for the window after the last batch', () => {
    expect(dueAt(paced(PROFILES.BALANCED, 1), waiting('a', 1_010))).toBe(1_080);
    expect(dueAt(paced(PROFILES.BALANCED, 3), waiting('a', 1_010))).toBe(1_205);
  });

  it('does not make text that comes after the window wait', () => {
    expect(dueAt(paced(PROFILES.BALANCED, 1), waiting('a', 5_000))).toBe(5_000);
  });

  it('waits for nothing at a part end or with more than 4 KB', () => {
    const state = paced(PROFILES.ECONOMY, 20);

    expect(dueAt(state, waiting('a', 1_001, true))).toBe(1_001);
    expect(dueAt(state, waiting('a'.repeat(MAX_BATCH_BYTES + 1), 1_001))).toBe(1_001);
    expect(dueAt(state, waiting('a'.repeat(MAX_BATCH_BYTES), 1_001))).toBe(4_000);
  });
});

describe('unitsDue', () => {
  it('takes nothing before the time and nothing of nothing', () => {
    const state = paced(PROFILES.BALANCED, 1);

    expect(unitsDue(state, waiting('abc', 1_010), 1_079)).toBe(0);
    expect(unitsDue(state, waiting('abc', 1_010), 1_080)).toBe(3);
    expect(unitsDue(state, waiting('', 1_010), 9_999)).toBe(0);
    expect(unitsDue(state, waiting('', 1_010, true), 9_999)).toBe(0);
  });

  it('takes the first token whole', () => {
    expect(unitsDue(startPacing(PROFILES.BALANCED), waiting('He said', 5), 5)).toBe(7);
  });

  it('cuts at whole words only when text was collected over more than half a window', () => {
    const state = paced(PROFILES.BALANCED, 8);

    expect(unitsDue(state, waiting('two words', 1_500), 2_000)).toBe(9);
    expect(unitsDue(state, waiting('two words', 1_499), 2_000)).toBe(4);
    expect(unitsDue(state, waiting('oneword', 1_001), 2_000)).toBe(7);
    expect(unitsDue(state, waiting('ends with space ', 1_001), 2_000)).toBe(16);
  });

  it('takes everything at a part end, also half a word', () => {
    expect(unitsDue(paced(PROFILES.BALANCED, 8), waiting('two words', 1_001, true), 1_001)).toBe(9);
  });

  it('takes 4 KB at once of more, without splitting a pair', () => {
    const state = paced(PROFILES.ECONOMY, 20);

    expect(unitsDue(state, waiting(`a${'😀'.repeat(1_024)}`, 1_001), 1_001)).toBe(1 + 2 * 1_023);
    expect(unitsDue(state, waiting('a'.repeat(9_000), 1_001, true), 1_001)).toBe(MAX_BATCH_BYTES);
  });

  it('sends every delta as it comes with lingerMs 0', () => {
    const windows = { lingerMs: 0, maxLingerMs: 0 };
    const sent = batchSent(paced(windows, 3), 2_000);

    expect(sent.nextWithinMs).toBe(0);
    expect(unitsDue(sent.state, waiting('two words', 2_000), 2_000)).toBe(9);
    expect(unitsDue(sent.state, waiting('two words', 1_000), 2_000)).toBe(9);
  });
});

interface SentBatch {
  readonly at: number;
  readonly text: string;
}

/** Sends deltas through pacing as a sink does: at each arrival, at each due time, and all of it at the end. */
function send(windows: PacingWindows, arrivals: readonly { gapMs: number; text: string }[]): SentBatch[] {
  const batches: SentBatch[] = [];
  let state = startPacing(windows);
  let pending = waiting('', 0);
  const flush = (now: number) => {
    for (let units = unitsDue(state, pending, now); units > 0; units = unitsDue(state, pending, now)) {
      batches.push({ at: now, text: pending.text.slice(0, units) });
      pending = { ...pending, text: pending.text.slice(units), since: now };
      state = batchSent(state, now).state;
    }
  };
  let now = 0;
  for (const { gapMs, text } of arrivals) {
    const next = now + gapMs;
    for (let due = dueAt(state, pending); pending.text && due <= next; due = dueAt(state, pending))
      flush(due);
    now = next;
    pending = pending.text ? { ...pending, text: pending.text + text } : waiting(text, now);
    flush(now);
  }
  pending = { ...pending, isFinal: true };
  flush(now);
  return batches;
}

describe('pacing', () => {
  const arrivals = fc.array(
    fc.record({
      gapMs: fc.oneof(fc.nat({ max: 60 }), fc.nat({ max: 4_000 })),
      text: fc.oneof(
        { weight: 9, arbitrary: modelText({ minLength: 1, maxLength: 12 }) },
        { weight: 1, arbitrary: modelText({ minLength: 1, maxLength: 4 }).map((text) => text.repeat(2_000)) },
      ),
    }),
    { minLength: 1, maxLength: 40 },
  );
  const windows = fc.oneof(
    fc.constantFrom(...Object.values(PROFILES)),
    fc.record({ lingerMs: fc.nat({ max: 100 }), maxLingerMs: fc.nat({ max: 500 }) }),
  );

  it('cuts any arrival pattern into batches that join to the text, fit 4 KB and split no pair', () => {
    fc.assert(
      fc.property(windows, arrivals, (bounds, deltas) => {
        const batches = send(bounds, deltas);

        expect(batches.map((batch) => batch.text).join('')).toBe(deltas.map((delta) => delta.text).join(''));
        expect(batches[0]?.at).toBe(deltas[0]?.gapMs);
        for (const batch of batches) {
          expect(batch.text).not.toBe('');
          expect(utf8Bytes(batch.text)).toBeLessThanOrEqual(MAX_BATCH_BYTES);
          expect(batch.text.isWellFormed()).toBe(true);
        }
      }),
      propertyRuns(300),
    );
  });

  it('keeps small batches a window apart, except the last', () => {
    const small = fc.array(
      fc.record({ gapMs: fc.nat({ max: 60 }), text: modelText({ minLength: 1, maxLength: 3 }) }),
      { minLength: 1, maxLength: 100 },
    );
    fc.assert(
      fc.property(fc.constantFrom(...Object.values(PROFILES)), small, (bounds, deltas) => {
        const batches = send(bounds, deltas).slice(0, -1);

        for (const [index, batch] of batches.entries()) {
          const earlier = batches[index - 1];
          if (earlier) expect(batch.at - earlier.at).toBeGreaterThanOrEqual(windowAfter(bounds, index));
        }
      }),
      propertyRuns(200),
    );
  });
});
