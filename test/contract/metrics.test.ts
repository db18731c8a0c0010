import { randomUUID } from 'node:crypto';
import { expect, it, describe } from 'vitest';
import type { Metrics, Usage } from '../../local/metrics/index.ts';
import { callerOf } from './api.ts';
import { openFeed, RealtimeClient, type TokenFeed } from './realtime-client.ts';
import { expectGapless } from './streamed-answer.ts';
import { useLocalTarget } from './target.ts';

const target = useLocalTarget();
const KEY = () => ({ apiKey: target().apiKey });

async function metrics(...conversationIds: string[]): Promise<Metrics> {
  const query = new URLSearchParams(conversationIds.map((id) => ['conversationId', id]));
  const answer = await fetch(`${new URL(target().graphqlUrl).origin}/local/metrics?${query}`);
  expect(answer.status).toBe(200);
  return (await answer.json()) as Metrics;
}

/** The row of a conversation once as many invocations for it have ended. */
async function usageAfter(conversationId: string, lambdaInvocations: number): Promise<Usage> {
  const read = async () => (await metrics(conversationId)).conversations[conversationId];
  await expect
    .poll(async () => (await read())?.lambdaInvocations, { timeout: 15_000, interval: 25 })
    .toBe(lambdaInvocations);
  return (await read()) as Usage;
}

/** The database's own count for the partitions of a conversation. */
async function unitsOf(conversationId: string): Promise<{ readUnits: number; writeUnits: number }> {
  const counted = (await target().stack.database.counters()).filter(({ partition }) =>
    partition?.endsWith(`#${conversationId}`),
  );
  const sum = (unit: 'readUnits' | 'writeUnits') => counted.reduce((units, row) => units + row[unit], 0);
  return { readUnits: sum('readUnits'), writeUnits: sum('writeUnits') };
}

function memoryGb(): number {
  const generate = target().stack.model.lambdas.find(({ asyncConfig }) => asyncConfig.onFailureArn);
  return (generate?.memoryMb ?? Number.NaN) / 1_024;
}

const seen = ({ batches }: TokenFeed) => batches.items.length;

describe('/local/metrics', () => {
  it('counts for an answer what its subscriber saw, what its function took and what its items cost', async () => {
    const caller = callerOf(target(), KEY());
    const conversationId = randomUUID();
    const begin = Date.now();
    // 100 tokens at 100 a second, the first at once.
    const answerMs = 950;
    const feed = await openFeed(target(), caller.credential, { conversationId });

    const { assistantMessage } = await caller.send('/tokens 100 100', { conversationId });
    await feed.end(assistantMessage.id);
    const usage = await usageAfter(conversationId, 1);

    const passedMs = Date.now() - begin;
    expectGapless(feed.batches.items);
    const publishes = seen(feed);
    expect(publishes).toBeGreaterThan(3);
    expect(usage).toMatchObject({
      mutations: 1 + publishes,
      queries: 0,
      deliveries: publishes,
      deliveryUnits: publishes,
      realtimeOperations: 1,
      lambdaInvocations: 1,
      streamedBytes: 0,
      ...(await unitsOf(conversationId)),
    });
    // Request, conversation, two messages, claim and receipt; a slot for every batch but START and END.
    expect(usage.writeUnits).toBeGreaterThanOrEqual(6 + publishes - 2);
    expect(usage.lambdaMs).toBeGreaterThanOrEqual(answerMs);
    expect(usage.lambdaMs).toBeLessThanOrEqual(passedMs);
    expect(usage.lambdaGbSeconds).toBeCloseTo((usage.lambdaMs / 1_000) * memoryGb(), 5);
    expect(usage.connectionMinutes).toBeGreaterThanOrEqual(answerMs / 60_000);
    expect(usage.connectionMinutes).toBeLessThanOrEqual(passedMs / 60_000);
    // AppSync's part of the bill is known exactly; Lambda and the table come on top.
    expect(usage.usd).toBeGreaterThan((usage.mutations * 4 + (publishes + 1) * 2) / 1_000_000);
    expect(usage.usd).toBeLessThan(0.001);
  });

  it('keeps conversations apart: one has two subscribers, the other none', async () => {
    const caller = callerOf(target(), KEY());
    const before = target().stack.appSync.counters().publishes;
    const heard = randomUUID();
    const unheard = randomUUID();
    const feeds = [
      await openFeed(target(), caller.credential, { conversationId: heard }),
      await openFeed(target(), caller.credential, { conversationId: heard }),
    ];

    const { assistantMessage } = await caller.send('/tokens 30 200', { conversationId: heard });
    await caller.send('/tokens 30 200', { conversationId: unheard });
    for (const feed of feeds) await feed.end(assistantMessage.id);
    const [watched, silent] = [await usageAfter(heard, 1), await usageAfter(unheard, 1)];

    const publishes = seen(feeds[0] as TokenFeed);
    expect(watched).toMatchObject({
      mutations: 1 + publishes,
      deliveries: 2 * publishes,
      realtimeOperations: 2,
    });
    const all = target().stack.appSync.counters().publishes - before;
    expect(silent).toMatchObject({
      ...{ mutations: 1 + all - publishes, deliveries: 0, deliveryUnits: 0, realtimeOperations: 0 },
      ...{ connectionMinutes: 0, ...(await unitsOf(unheard)) },
    });
    expect(silent.mutations).toBeGreaterThan(3);
    expect(silent.usd).toBeLessThan(watched.usd);
  });

  it('puts reads, renames and deletion down to the conversation, and listings to none', async () => {
    const caller = callerOf(target(), KEY());
    const { conversation } = await caller.send('/echo hi');
    const { id } = conversation;
    const answered = await usageAfter(id, 1);
    const total = async () => (await metrics(id)).total;
    const queriesBefore = (await total()).queries;

    await caller.call('conversation', { id });
    await caller.call('messages', { conversationId: id });
    await caller.call('conversations', {});
    await caller.call('rename', { id, title: 'Renamed' });
    const read = await usageAfter(id, 1);
    await caller.call('delete', { id });

    expect(read.queries).toBe(2);
    expect((await total()).queries - queriesBefore).toBe(3);
    expect(read.mutations - answered.mutations).toBe(1);
    expect(read.readUnits).toBeGreaterThan(answered.readUnits);
    // `delete` starts purge, which is about this conversation, too: it ends with a second pass a minute later.
    const deleted = (await metrics(id)).conversations[id];
    expect(deleted?.mutations).toBe(read.mutations + 1);
  });

  it('counts an answer of the HTTP door with the bytes it streamed', async () => {
    const conversationId = randomUUID();
    const answer = await fetch(`${target().httpUrl}/chat`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/plain', 'x-api-key': target().apiKey },
      body: JSON.stringify({ text: '/tokens 20 200', conversationId }),
    });
    const bytes = Buffer.byteLength(await answer.text());

    const usage = await usageAfter(conversationId, 1);

    expect(usage).toMatchObject({ streamedBytes: bytes, queries: 0, deliveries: 0 });
    expect(usage.mutations).toBeGreaterThan(2);
    expect(usage).toMatchObject(await unitsOf(conversationId));
  });

  it('shares a connection among the conversations it watches', async () => {
    const credential = KEY();
    const ids = [randomUUID(), randomUUID()] as const;
    const begin = Date.now();
    const client = await RealtimeClient.open(target(), credential);
    const feeds = [
      await client.subscribe(credential, { conversationId: ids[0] }),
      await client.subscribe(credential, { conversationId: ids[1] }),
    ];
    const caller = callerOf(target(), credential);

    const { assistantMessage } = await caller.send('/tokens 40 100', { conversationId: ids[0] });
    await feeds[0]?.end(assistantMessage.id);
    const [first, second] = await Promise.all([usageAfter(ids[0], 1), usageAfter(ids[1], 0)]);

    expect(second).toMatchObject({ mutations: 0, deliveries: 0, realtimeOperations: 1, writeUnits: 0 });
    // The answer took 390 ms, half of which are each one's.
    for (const { connectionMinutes } of [first, second]) expect(connectionMinutes).toBeGreaterThan(0.19 / 60);
    const passedMinutes = (Date.now() - begin) / 60_000;
    expect(first.connectionMinutes + second.connectionMinutes).toBeLessThanOrEqual(passedMinutes);
  });

  it('counts the worker that was killed and the one that settled its answer', async () => {
    const caller = callerOf(target(), KEY());
    const { assistantMessage } = await caller.send('/tokens 500 50');
    await caller.until(assistantMessage, ({ text }) => text.length > 0);

    target().stack.lambda.killWorker(({ event }) => JSON.stringify(event).includes(assistantMessage.id));
    const state = await caller.ended(assistantMessage);
    const usage = await usageAfter(assistantMessage.conversationId, 2);

    expect(state.status).toBe('INTERRUPTED');
    expect(usage.lambdaMs).toBeGreaterThan(0);
  });

  it('adds everything up in the total', async () => {
    const { total, conversations } = await metrics();

    const rows = Object.values(conversations);
    expect(rows.length).toBeGreaterThan(3);
    for (const unit of ['mutations', 'queries', 'deliveries', 'deliveryUnits', 'lambdaMs'] as const)
      expect(total[unit], unit).toBeGreaterThanOrEqual(rows.reduce((sum, row) => sum + row[unit], 0));
    // Connects belong to no conversation.
    const starts = rows.reduce((sum, row) => sum + row.realtimeOperations, 0);
    const { connections, subscriptionStarts } = target().stack.appSync.counters();
    expect(starts).toBe(subscriptionStarts);
    expect(total.realtimeOperations).toBe(starts + connections);
  });
});
