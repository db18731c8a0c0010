import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import type { TokenBatch } from '../../protocol/generated/schema-types.ts';
import type { WireMessage } from './graphql.ts';
import { readToEnd, type Reading } from './repairing-reader.ts';
import { resubscribingFeed } from './resubscribing-feed.ts';
import { countedText, sendText, storedMessage } from './streamed-answer.ts';
import { useLocalTarget } from './target.ts';

const TOKENS = 250;
const RATE = 125;
/** A client's own patience, for tests that count catch-ups: a slow start is no loss. */
const CLIENT_SILENCE_MS = 12_000;
const SEED = Number(process.env.FAULT_SEED ?? Math.floor(Math.random() * 2 ** 31));

// LIVE windows, so that one answer makes enough batches for every fault to meet some.
const target = useLocalTarget({ functionEnvironment: { LINGER_MS: '40', MAX_LINGER_MS: '60' } });
const credential = () => ({ apiKey: target().apiKey });

async function faults(method: 'PUT' | 'DELETE' | 'GET', body?: unknown): Promise<Response> {
  return fetch(target().graphqlUrl.replace('/graphql', '/local/faults'), {
    method,
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
}

afterEach(async () => {
  await faults('DELETE');
});

interface Outcome extends Reading {
  stored: WireMessage;
  received: readonly TokenBatch[];
  connections: number;
}

/** One answer under a set of faults, read to its end by a repairing reader; checks I1 and the exact text. */
async function answerUnder(set: Record<string, unknown>, silenceMs?: number): Promise<Outcome> {
  expect((await faults('PUT', { ...set, seed: SEED })).status).toBe(200);
  const conversationId = randomUUID();
  const { received, connections } = await resubscribingFeed(target(), credential(), conversationId);
  const { assistantMessage } = await sendText(
    target(),
    credential(),
    `/tokens ${TOKENS} ${RATE}`,
    conversationId,
  );
  const reading = await readToEnd({
    target: target(),
    credential: credential(),
    conversationId,
    messageId: assistantMessage.id,
    received: received.items,
    withinMs: 25_000,
    ...(silenceMs === undefined ? {} : { silenceMs }),
  });
  const text = countedText(TOKENS);
  const stored = await storedMessage(target(), credential(), conversationId, assistantMessage.id);
  expect(stored.text, `seed ${SEED}`).toBe(text);
  expect(reading.message.text, `seed ${SEED}`).toBe(text);
  return { ...reading, stored, received: [...received.items], connections: connections() };
}

const isPrefix = (text: string) => countedText(TOKENS).startsWith(text);
const deltaSeqs = (batches: readonly TokenBatch[]) =>
  batches.filter(({ kind }) => kind === 'DELTA').map(({ seq }) => seq);

describe(`a reader under faults (FAULT_SEED=${SEED})`, () => {
  it('needs no catch-up when there are none', async () => {
    const { catchUps, shown } = await answerUnder({}, CLIENT_SILENCE_MS);

    expect(catchUps).toBe(0);
    expect(shown.every(isPrefix)).toBe(true);
  });

  it('ends with the exact text although batches are dropped', async () => {
    const { catchUps, shown, received } = await answerUnder({ drop: 0.3 });

    expect(new Set(deltaSeqs(received)).size).toBeLessThan(Math.max(...deltaSeqs(received)));
    expect(catchUps).toBeGreaterThan(0);
    expect(shown.every(isPrefix)).toBe(true);
  });

  it('shows nothing twice although batches are', async () => {
    const { shown, received, catchUps } = await answerUnder({ duplicate: 0.5 }, CLIENT_SILENCE_MS);
    const seqs = deltaSeqs(received);

    expect(seqs.length).toBeGreaterThan(new Set(seqs).size);
    expect(catchUps).toBe(0);
    expect(shown.every(isPrefix)).toBe(true);
  });

  it('shows nothing past a hole although batches change places', async () => {
    const { shown, received } = await answerUnder({ reorder: 0.4 });
    const seqs = deltaSeqs(received);

    expect(seqs).not.toEqual([...seqs].sort((a, b) => a - b));
    expect(shown.every(isPrefix)).toBe(true);
  });

  it('shows nothing past a hole although batches are late', async () => {
    const { shown } = await answerUnder({ delayMs: [0, 300] });

    expect(shown.every(isPrefix)).toBe(true);
  });

  it('finds the first batches although they are lost after start_ack', async () => {
    const { received, shown } = await answerUnder({ loseAfterAck: 3 });

    expect(Math.min(...received.map(({ seq }) => seq))).toBe(3);
    expect(shown.every(isPrefix)).toBe(true);
  });

  it('reads over cut sockets', async () => {
    const { connections, shown } = await answerUnder({ cutSocketsEveryMs: 400 });

    expect(connections).toBeGreaterThan(2);
    expect(shown.every(isPrefix)).toBe(true);
  });

  it('ends with the exact text although every publish fails', async () => {
    const { shown, stored, catchUps, received } = await answerUnder({
      failPublish: 1,
      failPublishBy: ['refused', 'unavailable', 'throttled', 'graphqlError'],
    });

    expect(stored.end?.transport?.publishFailures).toBeGreaterThan(0);
    expect(stored.end?.transport?.publishes).toBe(0);
    expect(received).toEqual([]);
    expect(catchUps).toBeGreaterThan(0);
    expect(shown.every(isPrefix)).toBe(true);
  });

  it('shows nothing twice although the answer to every publish is lost', async () => {
    const { shown, stored, received } = await answerUnder({ failPublish: 1, failPublishBy: ['answerLost'] });

    expect(stored.end?.transport?.publishFailures).toBeGreaterThan(0);
    expect(stored.end?.transport?.publishes).toBe(0);
    expect(deltaSeqs(received).length).toBeGreaterThan(0);
    expect(shown.every(isPrefix)).toBe(true);
  });

  it('repairs altered text by the SHA-256 of END', async () => {
    const { received, catchUps, shown } = await answerUnder({ corrupt: 0.4 });

    expect(shown.every(isPrefix)).toBe(false);
    expect(catchUps).toBeGreaterThan(0);
    expect(
      received.some(
        ({ kind, text, offset }) => kind === 'DELTA' && !countedText(TOKENS).startsWith(text, offset),
      ),
    ).toBe(true);
  });

  it('ends with the exact text under all of them together', async () => {
    const { message } = await answerUnder({
      drop: 0.15,
      duplicate: 0.2,
      reorder: 0.2,
      delayMs: [0, 120],
      loseAfterAck: 2,
      cutSocketsEveryMs: 900,
      failPublish: 0.2,
      corrupt: 0.05,
    });

    expect(message.status).toBe('COMPLETE');
  });
});

describe('/local/faults', () => {
  it('replaces the whole set, tells it, and resets it', async () => {
    await faults('PUT', { drop: 0.5 });
    expect(await (await faults('PUT', { duplicate: 0.25 })).json()).toMatchObject({
      drop: 0,
      duplicate: 0.25,
    });
    expect(await (await faults('GET')).json()).toMatchObject({ drop: 0, duplicate: 0.25 });
    expect(await (await faults('DELETE')).json()).toMatchObject({ drop: 0, duplicate: 0 });
  });

  it.each([
    ['an unknown key', { dorp: 1 }],
    ['a probability over 1', { drop: 1.5 }],
    ['a range that ends before it begins', { delayMs: [300, 0] }],
    ['no object', []],
    ['no JSON', '{'],
  ])('refuses %s and keeps the set', async (_name, body) => {
    await faults('PUT', { drop: 0.5 });
    const answer = await faults('PUT', body);

    expect(answer.status).toBe(400);
    expect(await answer.json()).toEqual({ error: expect.any(String) as string });
    expect(await (await faults('GET')).json()).toMatchObject({ drop: 0.5 });
  });
});
