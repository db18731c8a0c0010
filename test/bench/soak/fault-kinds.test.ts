import { describe, expect, it } from 'vitest';
import { drawFaults } from '../../../bench/soak/drawn-faults.ts';
import { kindsOf, unexplained, type SeenEnding } from '../../../bench/soak/fault-kinds.ts';
import { workerEndings } from '../../../bench/soak/function-log.ts';

const seen = (values: Partial<SeenEnding>): SeenEnding => ({
  ...{ messageId: 'm1', status: 'COMPLETE', code: undefined, isCancelled: false, faults: [{}] },
  ...values,
});

describe('kindsOf', () => {
  it('names what is on as it is counted', () => {
    const faults = {
      ...{ drop: 0.1, duplicate: 0, delayMs: [0, 9] as const, failPublish: 0.5, seed: 7 },
      ...{ pauseWorker: { p: 0.1, ms: [1, 2] as const }, lateInvocation: { p: 0, ms: [1, 2] as const } },
      ...{ model: { cut: 0.2, error: 0 }, database: { late: 0.1, appsync: true } },
    };

    expect([...kindsOf({ ...faults, failPublishBy: ['refused', 'swallowed'] })].sort()).toEqual([
      ...['database.late', 'delayMs', 'drop', 'failPublish.refused', 'failPublish.swallowed'],
      ...['model.cut', 'pauseWorker'],
    ]);
    expect(kindsOf({ failPublish: 1 })).toContain('failPublish.answerLost');
    expect(kindsOf({})).toEqual([]);
  });

  it('is nothing for a set that fails publishes in no way, whatever ways it names', () => {
    expect(kindsOf({ failPublishBy: ['refused'] })).toEqual([]);
  });

  it('is of every kind in some set of a run', () => {
    const kinds = new Set(
      Array.from({ length: 60 }, (_, index) => drawFaults(5, index, 'patient')).flatMap(kindsOf),
    );

    for (const kind of ['crashSettle', 'loseInvocation', 'model.stall', 'database.late', 'throttle'])
      expect(kinds).toContain(kind);
  });
});

describe('unexplained', () => {
  it.each<[string, Partial<SeenEnding>]>([
    ['a whole answer', {}],
    ['one that was cancelled', { status: 'CANCELLED', isCancelled: true }],
    [
      'a lost one while workers crash',
      { status: 'INTERRUPTED', code: 'LOST', faults: [{}, { crashWorker: 0.1 }] },
    ],
    [
      'a cut one while the model is cut',
      { status: 'FAILED', code: 'UPSTREAM_UNAVAILABLE', faults: [{ model: { cut: 0.1 } }] },
    ],
  ])('finds nothing wrong with %s', (_what, values) => {
    expect(unexplained(seen(values))).toBeUndefined();
  });

  it.each<[string, Partial<SeenEnding>]>([
    ['one that nobody cancelled', { status: 'CANCELLED' }],
    ['a lost one in calm weather', { status: 'INTERRUPTED', code: 'LOST' }],
    ['a lost one while batches are lost', { status: 'INTERRUPTED', code: 'LOST', faults: [{ drop: 1 }] }],
    ['a failed one that is cancelled', { status: 'FAILED', code: 'UPSTREAM_TRUNCATED', isCancelled: true }],
    [
      'a truncated one while workers crash',
      { status: 'FAILED', code: 'UPSTREAM_TRUNCATED', faults: [{ crashWorker: 1 }] },
    ],
    [
      'an end for a reason that no fault has',
      { status: 'FAILED', code: 'UPSTREAM_AUTH', faults: [{ model: { error: 1 } }] },
    ],
  ])('blames %s', (_what, values) => {
    expect(unexplained(seen(values))).toContain('m1 ends');
  });
});

describe('workerEndings', () => {
  it('counts hand-overs and fenced workers, and nothing else', async () => {
    const line = (event: string, conclusion: string) =>
      `2026-01-01T00:00:00Z [generate 1] ${JSON.stringify({ level: 'info', event, messageId: 'm1', conclusion })}`;
    const lines = [
      ...['handedOver', 'fenced', 'handedOver', 'terminal', 'deleted'].map((how) =>
        line('generation.ended', how),
      ),
      line('settle', 'fenced'),
      'START',
    ];

    expect(await workerEndings(lines)).toEqual({ handOver: 2, zombie: 1 });
  });
});
