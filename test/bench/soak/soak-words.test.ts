import { describe, expect, it } from 'vitest';
import { isFine, mismatchLines, progressLine, summaryLines } from '../../../bench/soak/soak-lines.ts';
import { readSoakWords } from '../../../bench/soak/soak-options.ts';
import type { ScheduleResult } from '../../../bench/soak/run-schedule.ts';

const FINE: ScheduleResult = {
  ...{ seed: 5, endings: ['COMPLETE', 'FAILED UPSTREAM_TRUNCATED'], attempts: 3, repairs: 4 },
  done: { join: 2, follow: 1 },
  ...{ problems: [], stuck: [], steps: ['conversation v1', '12 ms: send c1'] },
};
const WRONG: ScheduleResult = { ...FINE, seed: 6, problems: ['m1 has other text'], stuck: ['the end of m2'] };

describe('the words after npm run soak --', () => {
  it('have defaults, and a new seed each time', () => {
    expect(readSoakWords([], () => 17)).toEqual({
      minutes: 10,
      seed: 17,
      concurrency: 24,
      schedule: undefined,
    });
  });

  it('are taken', () => {
    const words = ['--minutes', '0.5', '--seed', '3', '--concurrency', '2', '--schedule', '9'];
    expect(readSoakWords(words, () => 17)).toEqual({ minutes: 0.5, seed: 3, concurrency: 2, schedule: 9 });
  });

  it.each([
    [['--minutes', 'ten'], '--minutes takes a number'],
    [['--minutes', ''], '--minutes takes a number'],
    [['--seed', '1.5'], '--seed takes a whole number'],
    [['--seed', '-1'], '--seed'],
    [['--concurrency', '0'], '--concurrency takes a number from 1'],
    [['--hours', '1'], 'Options: --minutes N'],
  ])('are refused by name: %j', (words, why) => {
    expect(() => readSoakWords(words, () => 17)).toThrow(why);
  });
});

describe('what a soak prints', () => {
  it('says of a mismatch what, after which steps, under which faults, and how to run it again', () => {
    const lines = mismatchLines(
      WRONG,
      [{ index: 2, since: 0, until: 9, faults: { drop: 0.5, seed: 4 } }],
      1,
    ).join('\n');

    expect(isFine(FINE)).toBe(true);
    expect(isFine(WRONG)).toBe(false);
    for (const part of ['schedule 6 of run 1', 'm1 has other text', 'the end of m2', '12 ms: send c1'])
      expect(lines).toContain(part);
    expect(lines).toContain('faults 2: {"drop":0.5,"seed":4}');
    expect(lines).toContain('npm run soak -- --seed 1 --schedule 6');
  });

  it('counts schedules, generations, endings, faults, repairs, mismatches and what is stuck', () => {
    const summary = { results: [FINE, WRONG], injected: { drop: 3, corrupt: 1 }, kinds: new Set(['drop']) };
    const lines = summaryLines(summary, 1, 61_000).join('\n').replaceAll(/ +/g, ' ');

    for (const part of [
      'seed 1, 61 s',
      'schedules 2',
      'generations 4 in 6 attempts: COMPLETE 2, FAILED UPSTREAM_TRUNCATED 2',
      'done join 4, follow 2',
      'faults 4: drop 3, corrupt 1',
      'repairs 8 ',
      'mismatches 1',
      'stuck 1',
    ])
      expect(lines).toContain(part);
    expect(progressLine([FINE, WRONG], 30_000)).toContain(
      '30 s: 2 schedules, 4 generations, 2 complete, 1 wrong',
    );
  });
});
