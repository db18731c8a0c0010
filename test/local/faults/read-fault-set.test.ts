import { describe, expect, it } from 'vitest';
import { FaultSetError, NO_FAULTS, PUBLISH_FAILURES, readFaultSet } from '../../../local/faults/index.ts';

describe('readFaultSet', () => {
  it('turns everything left out off', () => {
    expect(readFaultSet({})).toEqual(NO_FAULTS);
    expect(readFaultSet({ drop: 0.1, delayMs: [0, 300], seed: 7, corrupt: true })).toEqual({
      ...NO_FAULTS,
      drop: 0.1,
      delayMs: [0, 300],
      seed: 7,
      corrupt: 1,
    });
  });

  it('takes part of a group and turns the rest of it off', () => {
    const set = readFaultSet({ model: { cut: 0.2 }, database: { fail: 0.1, appsync: true } });

    expect(set.model).toEqual({ ...NO_FAULTS.model, cut: 0.2 });
    expect(set.database).toEqual({ ...NO_FAULTS.database, fail: 0.1, appsync: true });
  });

  it('takes back what it gave, through JSON', () => {
    const set = readFaultSet({
      failPublish: 0.5,
      failPublishBy: [...PUBLISH_FAILURES],
      crashWorker: 0.1,
      crashSettle: 0.1,
      pauseWorker: { p: 0.1, ms: [0, 20_000] },
      loseInvocation: 0.1,
      lateInvocation: { p: 0.1, ms: [100, 200] },
      duplicateInvocation: 0.1,
    });

    expect(readFaultSet(JSON.parse(JSON.stringify(set)))).toEqual(set);
    expect(readFaultSet(JSON.parse(JSON.stringify(NO_FAULTS)))).toEqual(NO_FAULTS);
  });

  it.each([
    [{ dorp: 1 }, 'unknown fault dorp'],
    [{ drop: 1.1 }, 'drop takes a number from 0 to 1'],
    [{ drop: '1' }, 'drop takes a number'],
    [{ failPublish: -0.1 }, 'failPublish takes'],
    [{ failPublishBy: [] }, 'failPublishBy takes a list of at least one of refused,'],
    [{ failPublishBy: ['gone'] }, 'failPublishBy takes a list'],
    [{ loseAfterAck: 1.5 }, 'loseAfterAck takes an integer'],
    [{ cutSocketsEveryMs: 1 }, 'cutSocketsEveryMs takes an integer from 10'],
    [{ delayMs: [3, 1] }, 'delayMs takes [min, max]'],
    [{ delayMs: 3 }, 'delayMs takes [min, max]'],
    [{ delayMs: [1, 2, 3] }, 'delayMs takes [min, max]'],
    [{ pauseWorker: 0.5 }, 'pauseWorker takes an object of p, ms'],
    [{ pauseWorker: { p: 0.5 } }, 'pauseWorker takes {"p":probability,"ms":[min, max]}'],
    [
      { pauseWorker: { p: 0.5, ms: [0, 600_001] } },
      'pauseWorker.ms takes [min, max] in milliseconds, 0 to 600000',
    ],
    [{ lateInvocation: { p: 2, ms: [0, 1] } }, 'lateInvocation.p takes a number from 0 to 1'],
    [{ model: { cutt: 1 } }, 'unknown fault model.cutt; known: error, cut, truncate, stall'],
    [{ model: [] }, 'model takes an object of error'],
    [{ database: { appsync: 1 } }, 'database.appsync takes true or false'],
    [{ database: { fail: 7 } }, 'database.fail takes a number'],
    [{ seed: -1 }, 'seed takes an integer'],
    [[], 'one JSON object'],
    [null, 'one JSON object'],
  ])('refuses %j', (json, message) => {
    expect(() => readFaultSet(json)).toThrow(FaultSetError);
    expect(() => readFaultSet(json)).toThrow(message);
  });
});
