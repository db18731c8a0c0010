import { describe, expect, it } from 'vitest';
import { drawFaults } from '../../../bench/soak/drawn-faults.ts';
import { ALTERED } from '../../../bench/soak/drawn-prompt.ts';
import { drawSchedule } from '../../../bench/soak/drawn-schedule.ts';
import { NO_FAULTS } from '../../../local/faults/fault-set.ts';
import { readFaultSet } from '../../../local/faults/read-fault-set.ts';
import { answerTo } from '../../../local/model/answer.ts';
import { MAX_TEXT_UNITS } from '../../../protocol/limits.ts';

const SETS = 120;
const SCHEDULES = 200;
const RUN_SEED = Math.floor(Math.random() * 2 ** 31);

describe(`the faults of a run (seed ${RUN_SEED})`, () => {
  it('are the same for the same seed, and others for another', () => {
    const sets = (seed: number) =>
      Array.from({ length: 12 }, (_, index) => drawFaults(seed, index, 'patient'));

    expect(sets(RUN_SEED)).toEqual(sets(RUN_SEED));
    expect(sets(RUN_SEED)).not.toEqual(sets(RUN_SEED + 1));
  });

  it.each(['patient', 'brief'] as const)('are sets that the stack takes (%s)', (patience) => {
    for (let index = 0; index < SETS; index += 1) {
      const drawn = drawFaults(RUN_SEED, index, patience);
      expect(readFaultSet(drawn), JSON.stringify(drawn)).toMatchObject(drawn);
    }
  });

  it('are of every kind sooner or later, all of them at once at times, and none at times', () => {
    const sets = Array.from({ length: SETS }, (_, index) => drawFaults(RUN_SEED, index, 'patient'));
    const kinds = Object.keys(NO_FAULTS).sort();

    expect([...new Set(sets.flatMap((set) => Object.keys(set)))].sort()).toEqual(kinds);
    expect(sets.some((set) => Object.keys(set).length === kinds.length)).toBe(true);
    expect(sets.filter((set) => Object.keys(set).length === 0)).toHaveLength(SETS / 6);
  });

  it('hold nothing up for long when they are brief', () => {
    for (let index = 0; index < SETS; index += 1) {
      const { loseInvocation, crashSettle, model } = readFaultSet(drawFaults(RUN_SEED, index, 'brief'));
      expect({ loseInvocation, crashSettle, stall: model.stall }).toEqual({
        loseInvocation: 0,
        crashSettle: 0,
        stall: 0,
      });
    }
  });
});

describe(`the schedule of a seed (${RUN_SEED})`, () => {
  const schedules = Array.from({ length: SCHEDULES }, (_, index) => drawSchedule(RUN_SEED + index, false));
  const turns = schedules.flatMap((schedule) => schedule.turns);

  it('is the same for the same seed, and another for another', () => {
    expect(schedules[0]).toEqual(drawSchedule(RUN_SEED, false));
    expect(schedules[0]).not.toEqual({ ...drawSchedule(RUN_SEED + 1, false), seed: RUN_SEED });
  });

  it('expects of the model what it answers', () => {
    for (const { prompt } of turns) {
      const answer = answerTo({ prompt: prompt.text });
      expect(answer.kind === 'text' && answer.tokens.join(''), prompt.text).toBe(prompt.answer);
    }
  });

  it('sends what can be sent, and nothing in which an altered character could hide', () => {
    for (const { prompt } of turns) {
      expect(prompt.text.length).toBeLessThanOrEqual(MAX_TEXT_UNITS);
      expect(prompt.text.isWellFormed()).toBe(true);
      expect(prompt.text + prompt.answer).not.toContain(ALTERED);
    }
  });

  it('does everything sooner or later', () => {
    const kinds = new Set(turns.flatMap(({ actions }) => actions.map(({ kind }) => kind)));

    expect([...kinds].sort()).toEqual([
      ...[
        'cancel',
        'cancelOverHttp',
        'follow',
        'join',
        'offline',
        'reload',
        'repeat',
        'repeatOverHttp',
        'silent',
        'wake',
      ],
    ]);
    expect([...new Set(turns.map(({ door }) => door))].sort()).toEqual(['both', 'graphql', 'http']);
    expect(turns.some(({ door, unsent }) => door === 'graphql' && unsent?.isOffline)).toBe(true);
    expect(turns.some(({ cuts }) => cuts.some(({ atShare }) => atShare === 1))).toBe(true);
    expect(schedules.some(({ deletion }) => deletion !== undefined)).toBe(true);
    expect(schedules.some(({ isOneBrowser }) => isOneBrowser)).toBe(true);
    expect(turns.some(({ repeats }) => repeats > 1)).toBe(true);
    expect(turns.some(({ isRegenerated }) => isRegenerated)).toBe(true);
    expect(turns.some(({ isOverlapped }) => isOverlapped)).toBe(true);
    expect(Math.max(...turns.map(({ prompt }) => prompt.answer.length))).toBeGreaterThan(32_768);
  });
});
