import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../local/faults/random.ts';
import type { AssistantMessageItem } from '../../protocol/items.ts';
import { callerOf, PLAYGROUND, type MessageName } from './api.ts';
import { readSse, startCurl } from './curl-request.ts';
import { killWorker } from './killed-worker.ts';
import { SseReader } from './sse-reader.ts';
import { putAnswer, receiptOf, textItemsOf } from './stored-answers.ts';
import { keyOf, storedItems, withProbe } from './stored-items.ts';
import { countedText, expectReceipt } from './streamed-answer.ts';
import { useLocalTarget } from './target.ts';

const target = useLocalTarget(withProbe);
const caller = () => callerOf(target(), { apiKey: target().apiKey });
const key = () => ({ 'x-api-key': target().apiKey });
const urlOf = ({ conversationId, id }: MessageName) =>
  `${target().httpUrl}/conversations/${conversationId}/messages/${id}/events`;
const readerOf = (message: MessageName) => new SseReader(urlOf(message), key());
const curlEvents = (message: MessageName, ...words: string[]) =>
  startCurl(urlOf(message), '-H', `x-api-key: ${target().apiKey}`, ...words).finished;

/** Checks what a reader put together. */
function expectExact(reader: SseReader, text: string): void {
  expect(reader.text).toBe(text);
  expectReceipt(reader.end, text);
}

describe('GET events of an answer that a mutation started', () => {
  it('gives the identical text and SHA-256 to a reader that leaves at ten random points', async () => {
    const seed = Date.now() % 2 ** 31;
    const random = seededRandom(seed);
    // Far more than ten leaves take, on a busy machine too; the rest is cancelled.
    const { assistantMessage } = await caller().send('/tokens 1700 60', { pacing: 'LIVE' });
    const { conversationId, id: messageId } = assistantMessage;
    const reader = readerOf(assistantMessage);
    for (let leaves = 0; leaves < 10; leaves += 1) {
      const enough = reader.text.length + 1 + Math.floor(random() * 90);
      expect(await reader.read(() => reader.text.length >= enough), `seed ${seed}`).toBe('left');
    }
    await caller().call('cancel', { conversationId, messageId });
    await reader.readToEnd();

    const stored = await caller().ended(assistantMessage);
    expect(reader.text, `seed ${seed}`).toBe(stored.text);
    expect(countedText(1700).startsWith(reader.text)).toBe(true);
    expectReceipt(reader.end, reader.text);
    expect(reader.end?.sha256).toBe(stored.end?.sha256);
    expect(reader.attempts).toEqual([1]);
    expect(await reader.read()).toBe('nothing');
  });

  it('replays a finished one after any cursor to the real curl, byte for byte, and ends', async () => {
    const seed = Date.now() % 2 ** 31;
    const random = seededRandom(seed);
    const { assistantMessage } = await caller().send('/tokens 200 2000');
    const text = countedText(200);
    const state = await caller().ended(assistantMessage);
    const whole = await curlEvents(assistantMessage);
    const { id } = assistantMessage;

    expect(whole).toMatchObject({ status: 200, exitCode: 0 });
    expect(readSse(whole.body).map((event) => [event.id, event.batch.kind])).toEqual([
      [`${id}:1:0.0`, 'START'],
      [`${id}:1:${text.length}.0`, 'DELTA'],
      [`${id}:1:${text.length}.0:end`, 'END'],
    ]);
    expect(readSse(whole.body).at(-1)?.batch.end?.sha256).toBe(state.end?.sha256);
    for (let round = 0; round < 10; round += 1) {
      const at = Math.floor(random() * (text.length + 1));
      const rest = readSse((await curlEvents(assistantMessage, '-H', `last-event-id: ${id}:1:${at}.0`)).body);
      const joined = text.slice(0, at) + rest.map(({ batch }) => batch.text).join('');
      expect(joined, `seed ${seed}, offset ${at}`).toBe(text);
      expect(rest.at(-1)?.batch.kind).toBe('END');
      expectReceipt(rest.at(-1)?.batch.end, joined);
    }
    const after = await curlEvents(assistantMessage, '-H', `last-event-id: ${id}:1:${text.length}.0:end`);
    expect([after.status, after.body, after.exitCode]).toEqual([204, '', 0]);
  });

  it('waits for one that nobody has claimed yet, open and silent', async () => {
    const waiting = await putAnswer(storedItems(target()), {});
    const request = startCurl(urlOf(waiting), '-H', `x-api-key: ${target().apiKey}`);
    await request.received.when((reads) => reads.join('').includes('retry: 2000\n\n'), 'the opening');
    expect(request.received.items.join('')).not.toContain('event:');
    await storedItems(target()).change<AssistantMessageItem>(keyOf(PLAYGROUND, waiting), {
      ...{ status: 'COMPLETE', text: 'Grüße 😀', end: receiptOf('Grüße 😀') },
    });
    const events = readSse((await request.finished).body);

    expect(events.map(({ batch }) => batch.kind)).toEqual(['START', 'DELTA', 'END']);
    expect(events.map(({ batch }) => batch.text).join('')).toBe('Grüße 😀');
  });

  it('carries half a million units of stored text', async () => {
    const text = 'häß 🙂 long '.repeat(45_000);
    const stored = await putAnswer(storedItems(target()), {
      ...{ status: 'COMPLETE', text: text.slice(0, 1_000), textAttempt: 1, end: receiptOf(text) },
    });
    await storedItems(target()).put(...textItemsOf(stored, 'TEXT', text));
    const reader = readerOf(stored);
    await reader.read(() => reader.text.length > 200_000);
    await reader.readToEnd();

    expectExact(reader, text);
  });
});

describe('GET events of an answer whose worker dies', () => {
  const named = ({ conversationId, id }: MessageName) => ({ conversationId, messageId: id });

  it('ends INTERRUPTED, and the same address goes on once the answer is continued', async () => {
    const { assistantMessage } = await caller().send('/tokens 300 100');
    const reader = readerOf(assistantMessage);
    await reader.read(() => reader.text.length > 100);
    expect(await killWorker(target(), assistantMessage.id)).toBe(1);
    await reader.readToEnd();
    expect(reader).toMatchObject({ status: 'INTERRUPTED', end: { reason: 'LOST', continuable: true } });
    expectReceipt(reader.end, reader.text);
    expect(await reader.read()).toBe('nothing');

    await caller().call('continue', named(assistantMessage));
    reader.goOn();
    await reader.readToEnd();
    expect(reader).toMatchObject({ status: 'COMPLETE', attempts: [1, 2] });
    expectExact(reader, countedText(300));
    expect(await reader.read()).toBe('nothing');
  });

  it('ends within lease + 6 s when the HTTP door ran it; what was ahead of the log is cut, then continued', async () => {
    const conversationId = randomUUID();
    const request = startCurl(
      `${target().httpUrl}/chat`,
      ...['-H', `x-api-key: ${target().apiKey}`, '-H', 'content-type: application/json'],
      ...['-d', JSON.stringify({ text: '/tokens 400 100', conversationId })],
    );
    const bodySoFar = () => request.received.items.join('');
    await request.received.when(() => bodySoFar().split('event: batch').length > 60, 'sixty events');
    const messageId = /x-message-id: (\S+)/i.exec(bodySoFar())?.[1] ?? '';
    const message = { conversationId, id: messageId };
    expect(await killWorker(target(), messageId)).toBe(1);
    const cut = await request.finished;
    expect(cut.body).not.toContain('"END"');
    // No need to wait for the lease itself: kill-worker.test.ts does. It ends now, and is suspect 3 s later.
    const leaseUntil = Date.now();
    const item = keyOf(PLAYGROUND, message);
    await storedItems(target()).change<AssistantMessageItem>(item, { leaseUntil });

    // curl has what left at once, whatever of it was logged: its cursor is where a browser would come back.
    const reader = readerOf(message);
    reader.take(cut.body);
    const streamed = reader.text;
    expect(countedText(400).startsWith(streamed)).toBe(true);
    await reader.readToEnd();
    // 6 s are promised; the rest is for a machine that is busy with other tests.
    expect(Date.now() - leaseUntil).toBeLessThan(6_000 + 6_000);
    expect(reader).toMatchObject({ status: 'INTERRUPTED', end: { reason: 'LOST' } });
    expectReceipt(reader.end, reader.text);
    expect(streamed.startsWith(reader.text)).toBe(true);

    await caller().call('continue', named(message));
    reader.goOn();
    await reader.readToEnd();
    expectExact(reader, countedText(400));
  });
});

describe('GET events of what is not there to be read', () => {
  const get = (path: string, headers: Record<string, string> = key(), method = 'GET') =>
    fetch(`${target().httpUrl}${path}`, { method, headers });
  const pathOf = ({ conversationId, id }: MessageName, action = 'events') =>
    `/conversations/${conversationId}/messages/${id}/${action}`;

  it('is one NOT_FOUND for an absent, a foreign and a user message, and for both actions', async () => {
    const { userMessage, assistantMessage } = await caller().send('/echo mine');
    await caller().ended(assistantMessage);
    const token = { authorization: `Bearer ${await target().token('alice')}` };
    const bodies: unknown[] = [];
    for (const [path, headers, method] of [
      [pathOf({ ...assistantMessage, id: 'absent' }), key(), 'GET'],
      [pathOf({ ...assistantMessage, conversationId: randomUUID() }), key(), 'GET'],
      [pathOf(userMessage), key(), 'GET'],
      [pathOf(assistantMessage), token, 'GET'],
      [pathOf({ ...assistantMessage, id: 'absent' }, 'cancel'), key(), 'POST'],
      [pathOf(assistantMessage, 'cancel'), token, 'POST'],
    ] as const) {
      const answer = await get(path, headers, method);
      const body = (await answer.json()) as { error: Record<string, unknown> };
      expect(answer.status).toBe(404);
      expect(body.error.requestId).toBe(answer.headers.get('x-request-id'));
      bodies.push({ ...body.error, requestId: null });
    }
    expect(bodies).toEqual(bodies.map(() => bodies[0]));
    expect(bodies[0]).toMatchObject({ code: 'NOT_FOUND', message: 'Not found.', retryable: false });
  });

  it.each([
    ['a malformed cursor', 'GET', 'events', 400, 'INVALID_INPUT', { 'last-event-id': 'nonsense' }],
    [
      'the cursor of another message',
      'GET',
      'events',
      400,
      'INVALID_INPUT',
      { 'last-event-id': 'other:1:0.0' },
    ],
    [
      'a cursor of an attempt to come',
      'GET',
      'events',
      400,
      'INVALID_INPUT',
      { 'last-event-id': 'ID:2:0.0' },
    ],
    ['another method', 'POST', 'events', 405, 'METHOD_NOT_ALLOWED', {}],
    ['another method', 'DELETE', 'events', 405, 'METHOD_NOT_ALLOWED', {}],
    ['another method', 'GET', 'cancel', 405, 'METHOD_NOT_ALLOWED', {}],
    ['a broken token', 'GET', 'events', 401, 'UNAUTHENTICATED', { 'x-api-key': 'wrong' }],
    ['a broken token', 'POST', 'cancel', 401, 'UNAUTHENTICATED', { 'x-api-key': 'wrong' }],
  ])('refuses %s: %s %s', async (_name, method, action, status, code, headers) => {
    const done = await putAnswer(storedItems(target()), { status: 'COMPLETE', end: receiptOf('') });
    const given = Object.entries(headers).map(([name, value]) => [name, value.replace('ID', done.id)]);
    const all = { ...key(), ...(Object.fromEntries(given) as Record<string, string>) };
    const answer = await get(pathOf(done, action), all, method);

    expect(answer.status).toBe(status);
    expect(await answer.json()).toMatchObject({ error: { code, retryable: false } });
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
  });

  it('answers the preflight of a page that sends a cursor, without a credential', async () => {
    const headers = {
      ...{ origin: 'https://app.example', 'access-control-request-method': 'GET' },
      'access-control-request-headers': 'authorization,last-event-id',
    };
    const answer = await get('/conversations/c/messages/m/events', headers, 'OPTIONS');

    expect(answer.status).toBe(204);
    expect(answer.headers.get('access-control-allow-headers')).toBe('authorization,last-event-id');
  });
});
