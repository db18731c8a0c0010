import { describe, expect, it } from 'vitest';
import { soak } from '../../bench/soak/soak.ts';
import { isFine, mismatchLines, summaryLines } from '../../bench/soak/soak-lines.ts';
import { useLocalTarget } from './target.ts';

/** `npm run soak` runs the same for as long as one likes; SOAK_SEED repeats a run. */
const SEED = Number(process.env.SOAK_SEED ?? Math.floor(Math.random() * 2 ** 31));
const SCHEDULES = 12;
const TOGETHER = 4;
/** Every set of faults counts so long: the run meets all kinds together, some of them, and none. */
const SPELL_MS = 3_000;

const target = useLocalTarget();

describe(`whole conversations under changing faults (SOAK_SEED=${SEED})`, () => {
  it(
    'show beginnings of their answers alone, end, and are stored exactly as they are shown',
    { timeout: 300_000 },
    async () => {
      const { stack, graphqlUrl, httpUrl, apiKey } = target();
      const startedAt = Date.now();
      const wrong: string[] = [];

      const summary = await soak(
        { graphqlUrl, httpUrl, apiKey, offlineModelUrl: stack.offlineModelUrl ?? '' },
        {
          seed: SEED,
          patience: 'brief',
          concurrency: TOGETHER,
          spellMs: SPELL_MS,
          goesOn: (begun) => begun < SCHEDULES,
          ended(result, spells) {
            if (!isFine(result)) wrong.push(...mismatchLines(result, spells, SEED));
          },
        },
      );

      expect(wrong.join('\n')).toBe('');
      expect(summary.results, summaryLines(summary, SEED, Date.now() - startedAt).join('\n')).toHaveLength(
        SCHEDULES,
      );
      expect(summary.results.flatMap(({ endings }) => endings)).toContain('COMPLETE');
      expect(Object.keys(summary.injected).length).toBeGreaterThan(0);
    },
  );
});
