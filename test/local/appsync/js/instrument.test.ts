import { describe, expect, it } from 'vitest';
import { runBody } from './handlers.ts';

describe('loops', () => {
  const list = { args: { list: Array.from({ length: 1_001 }, (_, index) => index) } };

  it.each(['for (const n of ctx.args.list) total += 1;', 'for (const n in ctx.args.list) { total += 1; }'])(
    'stops %s after 1,000 iterations',
    (loop) => {
      expect(runBody(`let total = 0; ${loop} return total;`, list).error?.message).toMatch(
        /loop ran more than 1000 iterations \(test, line 1, column \d+\)/,
      );
    },
  );

  it('allows 1,000 iterations of each run of a loop', () => {
    const body =
      'let total = 0; for (const a of [1, 2, 3]) for (const n of ctx.args.list.slice(1)) total += 1; return total;';

    expect(runBody(body, list).result).toBe(3_000);
  });

  it('keeps break, nesting and single statements intact', () => {
    const body =
      'const seen = []; if (true) for (const a of [1, 2, 3]) { if (a === 3) break; for (const b in { x: 1, y: 1 }) seen.push(a + b); } else seen.push(0); return seen;';

    expect(runBody(body).result).toEqual(['1x', '1y', '2x', '2y']);
  });
});
