import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { firstTry, nextTry, type ModelTries } from '../../../functions/generation/model-tries.ts';

const LONG = 600_000;
const busy = (retryAfterMs?: number) => ({ retryable: true, retryAfterMs });
const failure = fc.record({
  retryable: fc.boolean(),
  retryAfterMs: fc.option(fc.integer({ min: 0, max: 20_000 }), { nil: undefined }),
});

/** Who is asked when every request fails in turn, with the waits between. */
function followed(tries: ModelTries, failures: readonly ReturnType<typeof busy>[], timeLeftMs: number) {
  const asked = [tries.model];
  const waits: number[] = [];
  for (const each of failures) {
    const next = nextTry(tries, each, timeLeftMs);
    if (!next) break;
    tries = next.tries;
    asked.push(tries.model);
    waits.push(next.waitMs);
  }
  return { asked, waits };
}

describe('nextTry', () => {
  it('asks the same model once more, then each fallback once', () => {
    const failures = Array.from({ length: 9 }, () => busy());

    expect(followed(firstTry('b', ['a', 'b', 'c']), failures, LONG)).toEqual({
      asked: ['b', 'b', 'a', 'c'],
      waits: [250, 0, 0],
    });
  });

  it('leaves a model that names a long wait for the next one, and waits for the last', () => {
    const failures = [busy(30_000), busy(10_000), busy(10_000)];

    expect(followed(firstTry('a', ['b']), failures, LONG)).toEqual({
      asked: ['a', 'b', 'b'],
      waits: [0, 10_000],
    });
  });

  it.each([
    [2_000, 'a', 2_000],
    [2_001, 'b', 0],
  ])('takes %i ms for %s', (retryAfterMs, model, waitMs) => {
    expect(nextTry(firstTry('a', ['b']), busy(retryAfterMs), LONG)).toMatchObject({
      tries: { model },
      waitMs,
    });
  });

  it('begins no wait that does not fit into the time left, but goes to another model', () => {
    expect(nextTry(firstTry('a', []), busy(1_000), 1_000)).toBeUndefined();
    expect(nextTry(firstTry('a', []), busy(1_000), 1_001)).toMatchObject({ waitMs: 1_000 });
    expect(nextTry(firstTry('a', ['b']), busy(1_000), 1_000)).toMatchObject({ tries: { model: 'b' } });
  });

  it('follows nothing that is not retryable', () => {
    expect(
      nextTry(firstTry('a', ['b']), { retryable: false, retryAfterMs: undefined }, LONG),
    ).toBeUndefined();
  });

  it('ends for all failures: at most one repeat, no other model twice, no wait past the time left', () => {
    const models = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 4 });
    const failures = fc.array(failure, { minLength: 12, maxLength: 12 });
    fc.assert(
      fc.property(models, failures, fc.integer({ min: -1, max: 30_000 }), (fallbacks, each, timeLeftMs) => {
        const { asked, waits } = followed(firstTry('a', fallbacks), each, timeLeftMs);
        const repeats = asked.filter((model, index) => model === asked[index - 1]).length;

        expect(repeats).toBeLessThanOrEqual(1);
        expect(new Set(asked).size).toBe(asked.length - repeats);
        expect(Math.max(0, ...waits)).toBeLessThan(Math.max(1, timeLeftMs));
        expect(asked.length).toBeLessThanOrEqual(fallbacks.filter((name) => name !== 'a').length + 2);
      }),
      { numRuns: 500 },
    );
  });
});
