import { describe, expect, it } from 'vitest';
import type { ConsumedUnits } from '../../../local/database/index.ts';
import { createLedger } from '../../../local/metrics/ledger.ts';
import { createMetricsRecorder } from '../../../local/metrics/index.ts';
import { metricsOf } from '../../../local/metrics/metrics.ts';

const since = '2026-11-21T00:00:00.000Z';

const consumed = (partition: string | undefined, readUnits: number, writeUnits: number): ConsumedUnits => ({
  table: 't',
  ...(partition === undefined ? {} : { partition }),
  ...{ operation: 'PutItem', requests: 1, conditionFailures: 0, readUnits, writeUnits },
});

const NOTHING = {
  ...{ mutations: 0, queries: 0, deliveries: 0, deliveryUnits: 0, realtimeOperations: 0 },
  ...{ connectionMinutes: 0, lambdaInvocations: 0, lambdaMs: 0, lambdaGbSeconds: 0, streamedBytes: 0 },
  ...{ readUnits: 0, writeUnits: 0, usd: 0 },
};

describe('metricsOf', () => {
  it('adds the units of a partition to the conversation it names, whoever owns it', () => {
    const ledger = createLedger();
    ledger.charge('a', { mutations: 1 });
    ledger.charge('b', { queries: 1 });

    const metrics = metricsOf({
      since,
      ledger,
      consumed: [
        consumed('u:1#a', 1.5, 2),
        consumed('k:playground#a', 0.5, 1),
        consumed('u:has#hash#b', 4, 0),
        consumed(undefined, 8, 16),
        consumed('u:1#gone', 32, 64),
      ],
    });

    expect(metrics.since).toBe(since);
    expect(metrics.total).toMatchObject({ readUnits: 46, writeUnits: 83, mutations: 1, queries: 1 });
    expect(Object.keys(metrics.conversations)).toEqual(['a', 'b']);
    expect(metrics.conversations['a']).toMatchObject({ mutations: 1, readUnits: 2, writeUnits: 3 });
    expect(metrics.conversations['b']).toMatchObject({ queries: 1, readUnits: 4, writeUnits: 0 });
  });

  it('shows the conversations asked for, and the whole total', () => {
    const ledger = createLedger();
    ledger.charge('a', { mutations: 1 });
    ledger.charge('b', { mutations: 1 });

    const metrics = metricsOf({ since, ledger, consumed: [], only: new Set(['b', 'unknown']) });

    expect(Object.keys(metrics.conversations)).toEqual(['b']);
    expect(metrics.total.mutations).toBe(2);
  });

  it('prices every unit', () => {
    const usd = (work: Parameters<ReturnType<typeof createLedger>['charge']>[1], read = 0, write = 0) => {
      const ledger = createLedger();
      ledger.charge(undefined, work);
      return metricsOf({ since, ledger, consumed: [consumed('k#c', read, write)] }).total.usd;
    };
    const million = 1_000_000;

    expect(usd({ mutations: million })).toBeCloseTo(4);
    expect(usd({ queries: million })).toBeCloseTo(4);
    expect(usd({ deliveryUnits: million })).toBeCloseTo(2);
    expect(usd({ realtimeOperations: million })).toBeCloseTo(2);
    expect(usd({ connectionMs: million * 60_000 })).toBeCloseTo(0.08);
    expect(usd({ lambdaInvocations: million })).toBeCloseTo(0.2);
    expect(usd({ lambdaGbSeconds: million })).toBeCloseTo(13.3334);
    expect(usd({ billedStreamBytes: 1024 ** 3 })).toBeCloseTo(0.008, 6);
    expect(usd({}, million)).toBeCloseTo(0.125);
    expect(usd({}, 0, million)).toBeCloseTo(0.625);
    // Billed by their units, time and memory.
    expect(usd({ deliveries: million, lambdaMs: million, streamedBytes: million })).toBe(0);
  });

  it('rounds away the noise of fractions', () => {
    const ledger = createLedger();
    ledger.charge('a', { connectionMs: 1, lambdaGbSeconds: 0.1 });
    ledger.charge('a', { connectionMs: 0, lambdaGbSeconds: 0.2 });

    const { conversations } = metricsOf({ since, ledger, consumed: [] });

    expect(conversations['a']).toMatchObject({ connectionMinutes: 0.000017, lambdaGbSeconds: 0.3 });
  });
});

describe('createMetricsRecorder', () => {
  it('starts at zero', async () => {
    const recorder = createMetricsRecorder({
      startedAt: Date.parse(since),
      settle: () => undefined,
      consumed: () => Promise.resolve([]),
    });

    expect(await recorder.read()).toEqual({ since, total: NOTHING, conversations: {} });
  });

  it('settles what is open before it reads, and adds up what the ports were told', async () => {
    const recorder = createMetricsRecorder({
      startedAt: Date.parse(since),
      settle: () => recorder.charge('c', { connectionMs: 60_000 }),
      consumed: () => Promise.resolve([consumed('k:playground#c', 0, 7)]),
    });
    recorder.charge('c', { mutations: 1 });
    recorder.report({
      ...{ functionName: 'generate', requestId: 'r', event: { conversationId: 'c' }, responseHeaders: {} },
      ...{ ok: false, hasStarted: true, durationMs: 1_000, memoryMb: 1_024, streamedBytes: 0 },
    });

    const { conversations } = await recorder.read();

    expect(conversations['c']).toEqual({
      ...NOTHING,
      ...{ mutations: 1, connectionMinutes: 1, lambdaInvocations: 1, lambdaMs: 1_000 },
      ...{ lambdaGbSeconds: 1, writeUnits: 7, usd: 0.000021988 },
    });
  });

  it('rejects when the database has ended', async () => {
    const recorder = createMetricsRecorder({
      startedAt: 0,
      settle: () => undefined,
      consumed: () => Promise.reject(new Error('The local database has ended.')),
    });

    await expect(recorder.read()).rejects.toThrow('has ended');
  });
});
