import { describe, expect, it } from 'vitest';
import type { AssistantMessageItem } from '../../../protocol/items.ts';
import { ChatError } from '../../../protocol/errors.ts';
import { sha256, STOP } from '../chat-fixture.ts';
import { door, eventsOf } from './door.ts';

const JSON_FORM = { accept: 'application/json' };
const body = { text: 'hi', conversationId: 'c1', clientMessageId: 'm1' };
const namesOf = (response: Response) =>
  ['x-message-id', 'x-conversation-id', 'x-request-id'].map((name) => response.headers.get(name));

describe('POST /chat that accepts JSON', () => {
  it('waits, then answers the finished message as the schema has it, as it is stored', async () => {
    const released = Promise.withResolvers<void>();
    const at = door([
      { kind: 'delta', part: 'REASONING', text: 'hm' },
      'hello ',
      () => released.promise,
      'world',
      STOP,
    ]);
    let isAnswered = false;
    const answered = at.post(body, JSON_FORM);
    void Promise.resolve(answered).then(() => (isAnswered = true));
    await expect.poll(() => at.message()?.status).toBe('STREAMING');
    expect(isAnswered).toBe(false);
    released.resolve();
    const response = await answered;
    await Promise.all(at.work);

    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
    expect(namesOf(response)).toEqual([at.message()?.id, 'c1', 'r1']);
    const stored = at.message() as AssistantMessageItem;
    expect(await response.json()).toEqual({
      id: stored.id,
      conversationId: 'c1',
      parentId: stored.userMessageId,
      role: 'ASSISTANT',
      text: 'hello world',
      reasoning: 'hm',
      status: 'COMPLETE',
      attempt: 1,
      model: stored.model,
      clientMessageId: 'm1',
      end: stored.end,
      createdAt: stored.createdAt,
    });
  });

  it('carries the whole of a text that is stored in pieces, first and again', async () => {
    const text = 'häß 🙂 '.repeat(8_000);
    const at = door([...Array.from({ length: 16 }, (_, i) => text.slice(i * 3_500, (i + 1) * 3_500)), STOP]);
    const first = await at.post(body, JSON_FORM);
    await Promise.all(at.work);
    expect(at.message()?.text.length).toBeLessThan(text.length);
    const message = (await first.json()) as AssistantMessageItem;
    const again = await at.post(body, JSON_FORM);

    expect(message.text).toBe(text);
    expect(message.end?.sha256).toBe(sha256(text));
    expect(await again.json()).toEqual(message);
    expect(namesOf(again)).toEqual(namesOf(first));
  });

  it('attaches a repeat to the running answer', async () => {
    const released = Promise.withResolvers<void>();
    const at = door(['hello ', () => released.promise, 'world', STOP]);
    const stream = await at.post(body);
    const repeat = at.post(body, JSON_FORM);
    released.resolve();

    expect(((await (await repeat).json()) as AssistantMessageItem).text).toBe('hello world');
    expect(eventsOf(await stream.text()).at(-1)?.kind).toBe('END');
  });

  it('answers a FAILED one with the status and body of its error, first and again', async () => {
    const failure = new ChatError('UPSTREAM_RATE_LIMITED', { retryAfterMs: 900_000 });
    const at = door(['partial', failure]);
    const first = await at.post(body, JSON_FORM);
    await Promise.all(at.work);
    const again = await at.post(body, JSON_FORM);

    expect(at.message()?.status).toBe('FAILED');
    for (const response of [first, again]) {
      expect(response.status).toBe(429);
      expect(response.headers.get('retry-after')).toBe('900');
      expect(namesOf(response)).toEqual([at.message()?.id, 'c1', 'r1']);
      expect(await response.json()).toEqual({
        error: {
          code: 'UPSTREAM_RATE_LIMITED',
          message: failure.message,
          retryable: true,
          retryAfterMs: 900_000,
          requestId: 'r1',
        },
      });
    }
    expect(at.lines.filter(({ event }) => event === 'http.failed')).toEqual([]);
  });

  it('is DEADLINE at the door’s own limit while the answer goes on, and a repeat gets it', async () => {
    const released = Promise.withResolvers<void>();
    const at = door(['hello ', () => released.promise, STOP], { remainingMs: 10_100 });
    const response = await at.post(body, JSON_FORM);

    expect(response.status).toBe(504);
    expect(await response.json()).toMatchObject({ error: { code: 'DEADLINE', retryable: false } });
    expect(namesOf(response)).toEqual([at.message()?.id, 'c1', 'r1']);
    expect(at.message()?.status).toBe('STREAMING');
    released.resolve();
    await Promise.all(at.work);
    const repeat = await at.post(body, JSON_FORM);
    expect([repeat.status, await repeat.json()]).toMatchObject([200, { text: 'hello ', status: 'COMPLETE' }]);
  });

  it('is INTERNAL, with the cause in one log line, when the log cannot be written', async () => {
    const at = door();
    at.table.fate = ({ operation, sk }) =>
      operation === 'put' && sk.startsWith('L#')
        ? Object.assign(new Error('denied'), { $metadata: { httpStatusCode: 400 } })
        : 'fine';
    const response = await at.post(body, JSON_FORM);

    expect([response.status, await response.json()]).toMatchObject([500, { error: { code: 'INTERNAL' } }]);
    expect(at.lines.flatMap(({ level, event }) => (level === 'error' ? [event] : []))).toEqual([
      'http.streamFailed',
    ]);
  });
});
