import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NO_FAULTS } from '../../../local/faults/index.ts';
import type { FaultSet } from '../../../local/faults/index.ts';
import { ALL_FIELDS, apiStack, publish, startApi } from './api-fixture.ts';
import { connect, startMessage, subscribe } from './raw-client.ts';
import type { RunningApi } from './api-fixture.ts';
import type { RawClient } from './raw-client.ts';

let api: RunningApi;
beforeEach(async () => {
  api = await startApi();
});
afterEach(() => api.stop());

const batch = (seq: number, rest: object = {}) => ({
  conversationId: 'c1',
  seq,
  text: `text ${seq}`,
  ...rest,
});
async function start(query: string, variables: Record<string, unknown> = {}): Promise<RawClient> {
  const client = await connect(api);
  client.send(startMessage(api, 's1', query, variables));
  expect((await client.next()).type).toBe('start_ack');
  return client;
}
const seqOf = async (client: RawClient): Promise<unknown> => {
  const data = (await client.next()).payload?.['data'] as Record<string, { seq: number } | null>;
  return Object.values(data)[0]?.seq;
};

describe('basic filtering', () => {
  it('leaves an omitted argument open', async () => {
    const client = await start('subscription { onBatch(conversationId: "c1") { seq } }');
    await publish(api, batch(1, { messageId: 'm1' }));
    expect(await seqOf(client)).toBe(1);
  });

  it.each([
    ['an explicit null', 'subscription { onBatch(conversationId: "c1", messageId: null) { seq } }'],
    [
      'a declared variable left unset',
      'subscription S($m: ID) { onBatch(conversationId: "c1", messageId: $m) { seq } }',
    ],
  ])('demands null for %s', async (_, query) => {
    const client = await start(query);
    await publish(api, batch(1, { messageId: 'm1' }));
    await publish(api, batch(2));
    expect(await seqOf(client)).toBe(2);
  });

  it('compares with the response of the mutation, not with its arguments', async () => {
    const client = await start('subscription { onBatch(conversationId: "c1") { seq } }');
    await publish(api, batch(1), 'mutation P($input: BatchInput!) { publish(input: $input) { seq text } }');
    await publish(api, batch(2));
    expect(await seqOf(client)).toBe(2);
  });
});

describe('an enhanced filter', () => {
  it('replaces the arguments', async () => {
    const client = await start('subscription { onFiltered(conversationId: "other") { seq } }');
    await publish(api, batch(4));
    await publish(api, batch(5));
    expect(await seqOf(client)).toBe(5);
  });

  it('ends subscriptions and their connection by invalidation', async () => {
    const client = await start('subscription { onFiltered(conversationId: "c9") { seq } }');
    const other = await start('subscription { onFiltered(conversationId: "c8") { seq } }');
    await publish(api, {}, 'mutation { kick(conversationId: "c9") }');
    expect(await client.next()).toEqual({ type: 'complete', id: 's1' });
    await client.closed;
    await publish(api, batch(6));
    expect(await seqOf(other)).toBe(6);
  });
});

describe('projection', () => {
  it('gives what the publisher selected, null for what it did not, and answers aliases and fragments', async () => {
    const client = await start(
      'subscription { onBatch(conversationId: "c1") { number: seq ...F __typename } } fragment F on Batch { kind usage { tokens cost } tags }',
    );
    await publish(api, batch(1, { kind: 'END', usage: { tokens: 3 }, tags: ['a'] }));
    expect((await client.next()).payload).toEqual({
      data: {
        onBatch: {
          number: 1,
          kind: 'END',
          usage: { tokens: 3, cost: null },
          tags: ['a'],
          __typename: 'Batch',
        },
      },
    });
    await publish(
      api,
      batch(2, { kind: 'END' }),
      'mutation P($input: BatchInput!) { publish(input: $input) { conversationId seq } }',
    );
    expect((await client.next()).payload).toEqual({
      data: { onBatch: { number: 2, kind: null, usage: null, tags: null, __typename: 'Batch' } },
    });
  });

  it('answers a hole in a non-null field with null and an error', async () => {
    const client = await start('subscription { onBatch(conversationId: "c1") { seq text } }');
    await publish(
      api,
      batch(1),
      'mutation P($input: BatchInput!) { publish(input: $input) { conversationId seq } }',
    );
    expect((await client.next()).payload).toEqual({
      data: { onBatch: null },
      errors: [
        {
          message: "Cannot return null for non-nullable type: 'String' within parent 'Batch' (/onBatch/text)",
          path: ['onBatch', 'text'],
        },
      ],
    });
  });

  it('withholds nested fields of another mode', async () => {
    const client = await start('subscription { onBatch(conversationId: "c1") { seq secret } }');
    await publish(api, batch(1));
    expect((await client.next()).payload).toEqual({
      data: { onBatch: { seq: 1, secret: null } },
      errors: [
        {
          message: 'Not Authorized to access secret on type Batch',
          errorType: 'Unauthorized',
          path: ['onBatch', 'secret'],
        },
      ],
    });
  });

  it('drops a payload over 240 KB with a log line', async () => {
    const client = await subscribe(api);
    await publish(api, batch(1, { text: 'x'.repeat(241 * 1024) }));
    await publish(api, batch(2));
    expect(await seqOf(client)).toBe(2);
    expect(api.logged).toEqual([
      expect.stringMatching(/^subscription payload of \d+ bytes on onBatch exceeds 245760/),
    ]);
    expect(api.appSync.counters()).toMatchObject({ oversized: 1, publishes: 2, deliveries: 1 });
  });

  it('reaches nobody when the mutation failed', async () => {
    const client = await subscribe(api);
    await publish(
      api,
      batch(1),
      'mutation { lockedPublish(input: {conversationId: "c1", seq: 1, text: "t"}) { seq } }',
    );
    await publish(api, batch(2));
    expect(await seqOf(client)).toBe(2);
  });
});

describe('counters', () => {
  it('count what a bill would', async () => {
    const clients = [await subscribe(api), await subscribe(api)];
    await publish(api, batch(1, { text: 'x'.repeat(6_000) }));
    for (const client of clients) await client.next();
    expect(api.appSync.counters()).toMatchObject({
      mutations: 1,
      publishes: 1,
      deliveries: 2,
      deliveryUnits: 4,
      realtimeOperations: 4,
      connections: 2,
      openConnections: 2,
      openSubscriptions: 2,
    });
  });
});

describe('faults', () => {
  const SEED = 20_261_121;
  const withFaults = (faults: Partial<FaultSet>): void =>
    api.appSync.setFaults({ ...NO_FAULTS, seed: SEED, ...faults });
  /** Publishes 1..count, then, with faults off, a last one that marks the end. */
  const observe = async (client: RawClient, count: number): Promise<unknown[]> => {
    for (let seq = 1; seq <= count; seq += 1) await publish(api, batch(seq));
    api.appSync.setFaults(NO_FAULTS);
    await publish(api, batch(0));
    const seen: unknown[] = [];
    for (let seq = await seqOf(client); seq !== 0; seq = await seqOf(client)) seen.push(seq);
    return seen;
  };

  it('drop the same deliveries for the same seed', async () => {
    const runs: unknown[][] = [];
    for (let run = 0; run < 2; run += 1) {
      withFaults({ drop: 0.5 });
      const client = await subscribe(api);
      runs.push(await observe(client, 20));
      client.socket.close();
      await client.closed;
      await expect.poll(() => api.appSync.counters().openSubscriptions).toBe(0);
    }
    expect(runs[0], `seed ${SEED}`).toEqual(runs[1]);
    expect(runs[0]?.length, `seed ${SEED}`).toBeGreaterThan(2);
    expect(runs[0]?.length, `seed ${SEED}`).toBeLessThan(18);
  });

  it('lose the first deliveries after start_ack', async () => {
    withFaults({ loseAfterAck: 2 });
    const client = await subscribe(api);
    expect(await observe(client, 4)).toEqual([3, 4]);
  });

  it('duplicate and reorder', async () => {
    withFaults({ duplicate: 1 });
    const client = await subscribe(api);
    expect(await observe(client, 2)).toEqual([1, 1, 2, 2]);
    withFaults({ reorder: 1 });
    expect(await observe(client, 4)).toEqual([2, 1, 4, 3]);
  });

  it('corrupt one character of text', async () => {
    withFaults({ corrupt: 1 });
    const client = await subscribe(api);
    await publish(api, batch(1, { text: 'abcdef' }));
    const data = (await client.next()).payload?.['data'] as {
      onBatch: { text: string; conversationId: string };
    };
    expect(data.onBatch.conversationId).toBe('c1');
    expect([...data.onBatch.text].filter((char, index) => char !== 'abcdef'[index])).toHaveLength(1);
  });

  it('delay deliveries', async () => {
    withFaults({ delayMs: [30, 30] });
    const client = await subscribe(api);
    const before = performance.now();
    await publish(api, batch(1));
    await client.next();
    expect(performance.now() - before).toBeGreaterThan(25);
  });

  it.each([
    ['refused', 500, 'InternalFailure', false],
    ['unavailable', 503, 'ServiceUnavailableException', false],
    ['throttled', 429, 'ThrottlingException', false],
    ['graphqlError', 200, 'InternalFailure', false],
    ['answerLost', 500, 'InternalFailure', true],
  ] as const)('fail a publish that is %s with %d', async (way, status, errorType, isDelivered) => {
    const client = await subscribe(api);
    const before = api.appSync.injectedFaults()[`failPublish.${way}`] ?? 0;
    withFaults({ failPublish: 1, failPublishBy: [way] });
    const answer = await publish(api, batch(1));
    api.appSync.setFaults(NO_FAULTS);
    await publish(api, batch(2));
    expect(answer.status).toBe(status);
    expect(answer.body.errors).toMatchObject([{ errorType }]);
    expect(await seqOf(client)).toBe(isDelivered ? 1 : 2);
    expect(api.appSync.injectedFaults()[`failPublish.${way}`]).toBe(before + 1);
  });

  it('answer a publish late, deliver it late, or swallow it, each after a publisher has given up', async () => {
    const client = await subscribe(api);
    const started = performance.now();
    const late: Promise<{ status: number; afterMs: number }>[] = [];
    let deliveredAt = Infinity;
    for (const [index, way] of (['answerLate', 'appliedLate', 'swallowed'] as const).entries()) {
      withFaults({ failPublish: 1, failPublishBy: [way] });
      const answer = publish(api, batch(index + 1));
      late.push(answer.then(({ status }) => ({ status, afterMs: performance.now() - started })));
      await expect.poll(() => api.appSync.injectedFaults()[`failPublish.${way}`], { interval: 5 }).toBe(1);
      if (way !== 'answerLate') continue;
      expect(await seqOf(client)).toBe(1);
      deliveredAt = performance.now() - started;
    }
    expect(await seqOf(client)).toBe(2);
    const answers = await Promise.all(late);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 500]);
    for (const { afterMs } of answers) expect(afterMs).toBeGreaterThan(2_900);
    expect(deliveredAt).toBeLessThan(answers[0]?.afterMs ?? 0);
    api.appSync.setFaults(NO_FAULTS);
    await publish(api, batch(9));
    expect(await seqOf(client)).toBe(9);
  });

  it('throttle requests', async () => {
    withFaults({ throttle: 1 });
    expect((await publish(api, batch(1))).status).toBe(429);
  });

  it('cut sockets again and again', async () => {
    const client = await subscribe(api);
    withFaults({ cutSocketsEveryMs: 20 });
    expect(await client.closed).toBe(1006);
    const again = await connect(api);
    expect(await again.closed).toBe(1006);
  });
});

describe('a swapped version', () => {
  it('leaves running subscriptions alone', async () => {
    const client = await subscribe(api);
    const stack = apiStack();
    const resolvers = stack.resolvers.map((resolver) =>
      resolver.fieldName === 'publish'
        ? {
            ...resolver,
            code: resolver.code?.replace('ctx.args.input', '{ conversationId: "c1", seq: 77, text: "new" }'),
          }
        : resolver,
    );
    api.appSync.swapResolvers({ ...stack, resolvers });
    await publish(
      api,
      batch(1),
      `mutation P($input: BatchInput!) { publish(input: $input) { ${ALL_FIELDS} } }`,
    );
    expect(await seqOf(client)).toBe(77);
  });

  it('gives a new subscriber the new schema, beside one with the same query that keeps the old', async () => {
    const query = 'subscription { onBatch(conversationId: "c1") { seq text } }';
    const selecting = 'mutation P($input: BatchInput!) { publish(input: $input) { conversationId seq } }';
    const before = await start(query);
    const stack = apiStack();
    const schema = stack.api.schema.replace(
      'text: String!\n    usage: Usage\n',
      'text: String\n    usage: Usage\n',
    );
    expect(schema).not.toBe(stack.api.schema);
    api.appSync.swapResolvers({ ...stack, api: { ...stack.api, schema } });
    const after = await start(query);
    await publish(api, batch(1), selecting);

    expect((await before.next()).payload?.['data']).toEqual({ onBatch: null });
    expect((await after.next()).payload?.['data']).toEqual({ onBatch: { seq: 1, text: null } });
  });
});
