import { describe, expect, it } from 'vitest';
import {
  createDatabaseFates,
  createFaultTally,
  createInvocationFates,
  createModelFates,
  NO_FAULTS,
  sumOfCounts,
} from '../../../local/faults/index.ts';
import type { FaultSet } from '../../../local/faults/index.ts';

const SEED = 42;
const DRAWS = 2_000;

const setOf = (faults: Partial<FaultSet>): FaultSet => ({ ...NO_FAULTS, seed: SEED, ...faults });
const times = <Value>(draw: () => Value): Value[] => Array.from({ length: DRAWS }, draw);
const share = <Value>(values: readonly Value[], holds: (value: Value) => boolean): number =>
  values.filter(holds).length / values.length;

describe('createInvocationFates', () => {
  const deliveries = (faults: Partial<FaultSet>) => {
    const fates = createInvocationFates(setOf(faults));
    return times(() => fates.deliveries());
  };
  const workers = (faults: Partial<FaultSet>, runsGenerations = true) => {
    const fates = createInvocationFates(setOf(faults));
    return times(() => fates.worker(runsGenerations));
  };

  it('delivers once and at once, and harms nobody, without faults', () => {
    expect(deliveries({}).every((waits) => JSON.stringify(waits) === '[0]')).toBe(true);
    expect(workers({}).every((fate) => fate === undefined)).toBe(true);
  });

  it('loses, repeats and delays as often as asked', () => {
    const waits = deliveries({
      loseInvocation: 0.1,
      duplicateInvocation: 0.2,
      lateInvocation: { p: 0.5, ms: [100, 300] },
    });

    expect(share(waits, ({ length }) => length === 0)).toBeCloseTo(0.1, 1);
    expect(share(waits, ({ length }) => length === 2)).toBeCloseTo(0.18, 1);
    const each = waits.flat();
    expect(share(each, (ms) => ms > 0)).toBeCloseTo(0.5, 1);
    expect(each.every((ms) => ms === 0 || (ms >= 100 && ms < 300))).toBe(true);
  });

  it('lets workers crash and pause at moments all over an answer', () => {
    const fates = workers({ crashWorker: 0.5, pauseWorker: { p: 0.25, ms: [1_000, 20_000] } });

    expect(share(fates, (fate) => fate?.crash !== undefined)).toBeCloseTo(0.5, 1);
    expect(share(fates, (fate) => fate?.pause !== undefined)).toBeCloseTo(0.25, 1);
    const crashes = fates.flatMap((fate) => fate?.crash ?? []);
    expect(share(crashes, ({ side }) => side === 'before')).toBeCloseTo(0.5, 1);
    expect(share(crashes, ({ call }) => call <= 9)).toBeCloseTo(0.5, 1);
    for (let call = 1; call <= 20; call += 1) expect(crashes.map((at) => at.call)).toContain(call);
    const pauses = fates.flatMap((fate) => fate?.pause ?? []);
    expect(pauses.every(({ ms, call }) => ms >= 1_000 && ms < 20_000 && call >= 1)).toBe(true);
  });

  it('tells the functions that run generations from the others', () => {
    const set = { crashWorker: 1, pauseWorker: { p: 1, ms: [5, 5] as const } };

    expect(workers(set, false).every((fate) => fate === undefined)).toBe(true);
    const others = workers({ crashSettle: 1 }, false);
    expect(others.every((fate) => fate?.crash !== undefined && fate.pause === undefined)).toBe(true);
    expect(workers({ crashSettle: 1 }).every((fate) => fate === undefined)).toBe(true);
  });

  it('draws the same for the same seed, whatever else is on', () => {
    const alone = workers({ crashWorker: 0.3 }).map((fate) => fate?.crash);
    const together = workers({ crashWorker: 0.3, pauseWorker: { p: 0.9, ms: [0, 9] }, loseInvocation: 1 });

    expect(together.map((fate) => fate?.crash)).toEqual(alone);
    expect(workers({ crashWorker: 0.3, seed: SEED + 1 }).map((fate) => fate?.crash)).not.toEqual(alone);
    expect(
      deliveries({ loseInvocation: 0.3, duplicateInvocation: 1 }).map(({ length }) => length > 0),
    ).toEqual(deliveries({ loseInvocation: 0.3 }).map(({ length }) => length > 0));
  });
});

describe('createModelFates', () => {
  const fates = (model: Partial<FaultSet['model']>) =>
    times(createModelFates(setOf({ model: { ...NO_FAULTS.model, ...model } })));

  it('answers as usual without faults', () => {
    expect(fates({}).every(({ kind }) => kind === 'ok')).toBe(true);
  });

  it('fails before the first token with 429 or 500', () => {
    const drawn = fates({ error: 1 });
    expect(share(drawn, (fate) => fate.kind === 'error' && fate.status === 429)).toBeCloseTo(0.5, 1);
    expect(share(drawn, (fate) => fate.kind === 'error' && fate.status === 500)).toBeCloseTo(0.5, 1);
  });

  it.each(['cut', 'truncate', 'stall'] as const)('%ss anywhere in the answer, as often as asked', (kind) => {
    const drawn = fates({ [kind]: 0.3 });
    expect(share(drawn, (fate) => fate.kind === kind)).toBeCloseTo(0.3, 1);
    const places = drawn.flatMap((fate) => ('after' in fate ? fate.after : []));
    expect(Math.min(...places)).toBeLessThan(0.05);
    expect(Math.max(...places)).toBeGreaterThan(0.95);
  });

  it('draws the same for the same seed, whatever else is on', () => {
    const cuts = (rest: object) => fates({ cut: 0.3, ...rest }).map(({ kind }) => kind === 'cut');
    expect(cuts({ truncate: 0.9, stall: 0.9 })).toEqual(cuts({}));
  });
});

describe('createDatabaseFates', () => {
  const fates = (database: Partial<FaultSet['database']>, isWrite = true) => {
    const fateOf = createDatabaseFates(setOf({ database: { ...NO_FAULTS.database, ...database } }));
    return times(() => fateOf(isWrite));
  };

  it('lets everything through without faults', () => {
    expect(fates({}).every(({ kind }) => kind === 'ok')).toBe(true);
  });

  it('refuses with both of the errors for too much load', () => {
    const drawn = fates({ throttle: 1 });
    const errors = new Set(drawn.flatMap((fate) => ('error' in fate ? fate.error : [])));
    expect(errors).toEqual(new Set(['ThrottlingException', 'ProvisionedThroughputExceededException']));
  });

  it.each(['fail', 'appliedButFailed'] as const)('%s: by an answer and by a reset', (kind) => {
    const drawn = fates({ [kind]: 1 });
    expect(drawn.every((fate) => fate.kind === kind)).toBe(true);
    expect(new Set(drawn.flatMap((fate) => ('by' in fate ? fate.by : [])))).toEqual(
      new Set(['answer', 'reset']),
    );
  });

  it('applies late, or although it failed, only what writes', () => {
    expect(fates({ late: 1, appliedButFailed: 1 }, false).every(({ kind }) => kind === 'ok')).toBe(true);
    expect(fates({ late: 1 }).every(({ kind }) => kind === 'late')).toBe(true);
  });

  it('draws the same for the same seed, whatever else is on', () => {
    const throttled = (rest: object) =>
      fates({ throttle: 0.3, ...rest }).map(({ kind }) => kind === 'throttle');
    expect(throttled({ fail: 0.9, appliedButFailed: 0.9, late: 0.9 })).toEqual(throttled({}));
  });
});

describe('a tally', () => {
  it('counts by name, leaves out what never happened, and adds up', () => {
    const tally = createFaultTally();
    tally.count('drop');
    tally.count('cutSocketsEveryMs', 3);
    tally.count('reorder', 0);

    expect(tally.read()).toEqual({ drop: 1, cutSocketsEveryMs: 3 });
    expect(sumOfCounts([tally.read(), { drop: 2, 'database.fail': 1 }, {}])).toEqual({
      drop: 3,
      cutSocketsEveryMs: 3,
      'database.fail': 1,
    });
  });
});
