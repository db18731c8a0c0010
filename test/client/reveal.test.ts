import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  isRevealing,
  revealedUnits,
  revealedWhole,
  revealTowards,
  SETTLE_WITHIN_MS,
  type Reveal,
} from '../../client/reveal.ts';

const shownAt = (reveal: Reveal, now: number) => reveal.text.slice(0, revealedUnits(reveal, now));

/** Batches of an answer: text as a batch carries it, the window it announces, the time until the next one. */
const batches = (unit: 'grapheme' | 'binary' | 'grapheme-ascii') =>
  fc.array(
    fc.record({
      text: fc.string({ unit, minLength: 1, maxLength: 30 }),
      nextWithinMs: fc.integer({ min: 0, max: 3_000 }),
      afterMs: fc.integer({ min: 0, max: 2_000 }),
    }),
    { minLength: 1, maxLength: 12 },
  );

interface Moment {
  readonly now: number;
  readonly reveal: Reveal;
  readonly shown: string;
}

/** Runs an answer at 20 frames a second; a moment for each batch and each frame. */
function run(answer: readonly { text: string; nextWithinMs: number; afterMs: number }[]): Moment[] {
  const moments: Moment[] = [];
  let now = 0;
  let reveal = revealedWhole('', now);
  const look = () => moments.push({ now, reveal, shown: shownAt(reveal, now) });
  for (const { text, nextWithinMs, afterMs } of answer) {
    reveal = revealTowards(reveal, reveal.text + text, nextWithinMs, now);
    const next = now + afterMs;
    for (; now < next; now += 50) look();
    now = next;
    look();
  }
  return moments;
}

describe('revealTowards', () => {
  it('shows a new text steadily over the announced window', () => {
    const reveal = revealTowards(revealedWhole('', 0), '0123456789', 1_000, 0);

    expect([0, 99, 100, 500, 999, 1_000].map((now) => shownAt(reveal, now))).toEqual([
      '',
      '',
      '0',
      '01234',
      '012345678',
      '0123456789',
    ]);
  });

  it('speeds up when it is behind, and keeps the time that waiting text was promised', () => {
    const first = revealTowards(revealedWhole('', 0), 'a'.repeat(100), 1_000, 0);
    const second = revealTowards(first, 'a'.repeat(300), 1_000, 500);

    expect(revealedUnits(second, 1_000) - revealedUnits(second, 500)).toBe(125);
    expect(revealedUnits(second, 1_500)).toBe(300);
  });

  it('is no slower for a short batch than for the one before it', () => {
    const first = revealTowards(revealedWhole('', 0), 'a'.repeat(100), 1_000, 0);
    const second = revealTowards(first, 'a'.repeat(101), 3_000, 500);

    expect(revealedUnits(second, 1_000)).toBe(100);
    expect(second.endAt).toBe(1_010);
  });

  it('shows at once what announces no window', () => {
    const reveal = revealTowards(revealTowards(revealedWhole('', 0), 'abc', 1_000, 0), 'abcdef', 0, 10);

    expect(shownAt(reveal, 10)).toBe('abcdef');
  });

  it.each([
    ['cut', 'Hello'],
    ['corrected', 'Help yourself'],
  ])('shows a %s text at once', (_change, text) => {
    const running = revealTowards(revealedWhole('', 0), 'Hello there', 1_000, 0);

    expect(shownAt(revealTowards(running, text, 1_000, 300), 300)).toBe(text);
  });

  it('ends within 200 ms once the answer has', () => {
    const running = revealTowards(revealedWhole('', 0), 'a'.repeat(100), 3_000, 0);
    const ended = revealTowards(running, running.text, 0, 300);

    expect(revealedUnits(ended, 300)).toBe(10);
    expect(revealedUnits(ended, 300 + SETTLE_WITHIN_MS)).toBe(100);
  });

  it('does not hold back an end that is due before that', () => {
    const running = revealTowards(revealedWhole('', 0), 'abcd', 100, 0);

    expect(revealTowards(running, 'abcd', 0, 50)).toBe(running);
  });

  it('answers the same object for the same text, shown or not', () => {
    const running = revealTowards(revealedWhole('', 0), 'abcd', 100, 0);

    expect(revealTowards(running, 'abcd', 100, 50)).toBe(running);
    expect(revealTowards(running, 'abcd', 1_000, 5_000)).toBe(running);
  });

  it('never takes back what a later batch joins to one character', () => {
    const shown = revealedWhole('e', 0);
    const joined = revealTowards(shown, 'e\u0301 and more', 1_000, 0);

    expect(shownAt(joined, 0)).toBe('e');
  });
});

describe('revealedUnits', () => {
  it.each([
    ['a flag', '🇩🇪'],
    ['a family', '👨‍👩‍👧'],
    ['a letter with its accent', 'e\u0301'],
    ['a skin tone', '👍🏽'],
    ['a Korean syllable of three letters', '\u1112\u1161\u11ab'],
  ])('keeps %s whole', (_name, character) => {
    const reveal = revealTowards(revealedWhole('', 0), `a${character}b`, 1_000, 0);
    const seen = new Set(Array.from({ length: 1_001 }, (_, now) => shownAt(reveal, now)));

    expect([...seen]).toEqual(['', 'a', `a${character}`, `a${character}b`]);
  });

  it('never takes back, whatever the batches', () => {
    fc.assert(
      fc.property(fc.oneof(batches('grapheme'), batches('binary')), (answer) => {
        const lengths = run(answer).map(({ shown }) => shown.length);
        expect(lengths).toEqual([...lengths].sort((a, b) => a - b));
      }),
    );
  });

  it('always shows a beginning of the text, and no half surrogate pair', () => {
    fc.assert(
      fc.property(fc.oneof(batches('grapheme'), batches('binary')), (answer) => {
        const text = answer.map((batch) => batch.text).join('');
        for (const { shown } of run(answer)) {
          expect(text.startsWith(shown)).toBe(true);
          expect(shown.isWellFormed()).toBe(true);
        }
      }),
    );
  });

  it('shows everything within the window of the newest batch', () => {
    fc.assert(
      fc.property(batches('grapheme'), (answer) => {
        const last = answer.at(-1);
        const start = answer.slice(0, -1).reduce((sum, { afterMs }) => sum + afterMs, 0);
        const { reveal } = run(answer).at(-1) as Moment;
        const due = start + (last?.nextWithinMs ?? 0);
        expect(isRevealing(reveal, due)).toBe(false);
        expect(shownAt(reveal, due)).toBe(reveal.text);
      }),
    );
  });

  it('shows every batch within its own window, however many follow it', () => {
    fc.assert(
      fc.property(batches('grapheme-ascii'), (answer) => {
        const moments = run(answer);
        let start = 0;
        let length = 0;
        for (const { text, nextWithinMs, afterMs } of answer) {
          length += text.length;
          const late = moments.filter(({ now }) => now >= start + nextWithinMs && now >= start);
          // Rounding may keep one unit back.
          for (const { shown, now } of late)
            if (now > start) expect(shown.length).toBeGreaterThanOrEqual(length - 1);
          start += afterMs;
        }
      }),
    );
  });
});
