import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Model } from '../../../../functions/generation/stream.ts';
import { ChatError } from '../../../../protocol/errors.ts';
import type { MessageItem } from '../../../../protocol/items.ts';
import { STOP, type Step } from '../../chat-fixture.ts';
import { door, STREAM_HEAD } from '../door.ts';
import { ask, dataOf } from './scripted-completions.ts';

/** The door over a memory table; `turn` asks in conversation c1. */
function stored(steps?: readonly Step[] | Model, options: Parameters<typeof door>[1] = {}) {
  const at = door(steps, options);
  const turn = (body: unknown, headers: Record<string, string> = {}) =>
    at.request('/v1/chat/completions', {
      method: 'POST',
      body: JSON.stringify(body),
      headers: {
        ...{ authorization: 'Bearer alice', 'content-type': 'application/json', 'x-conversation-id': 'c1' },
        ...headers,
      },
    });
  return { ...at, turn };
}

const textOf = (body: string) =>
  dataOf(body)
    .slice(0, -1)
    .map((line) => JSON.parse(line) as { choices: { delta: { content?: string } }[] })
    .map(({ choices }) => choices[0]?.delta.content ?? '')
    .join('');

describe('POST /v1/chat/completions with a conversation', () => {
  afterEach(() => void vi.useRealTimers());

  it('stores the last user message, streams the answer and publishes it', async () => {
    const { turn, table, message, published, work } = stored();
    const messages = [
      { role: 'system', content: 'ignored' },
      { role: 'user', content: 'earlier' },
      { role: 'user', content: 'hi' },
    ];
    const tuned = { messages, stream: true, temperature: 0, max_tokens: 5 };
    const response = await turn(ask(tuned), { 'idempotency-key': 'm1' });
    const body = await response.text();
    await Promise.all(work);

    expect(response.status).toBe(200);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      ...STREAM_HEAD,
      'x-message-id': message()?.id,
      'x-conversation-id': 'c1',
    });
    expect(response.headers.get('x-should-retry')).toBeNull();
    expect(textOf(body)).toBe('hello world');
    expect(body.endsWith('data: [DONE]\n\n')).toBe(true);
    expect(message()).toMatchObject({ status: 'COMPLETE', text: 'hello world', model: 'first' });
    const questions = table.all<MessageItem>('M#').filter((item) => item.role === 'USER');
    expect(questions).toMatchObject([{ text: 'hi', clientMessageId: 'm1' }]);
    expect(published.at(-1)?.kind).toBe('END');
  });

  it('answers whole without streaming, under the same headers', async () => {
    const { turn, message, work } = stored();
    const response = await turn(ask());
    await Promise.all(work);

    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'x-message-id': message()?.id,
      'x-conversation-id': 'c1',
      'x-request-id': 'r1',
    });
    expect(await response.json()).toMatchObject({
      ...{ id: `chatcmpl-${message()?.id}`, object: 'chat.completion', model: 'first' },
      choices: [{ index: 0, message: { content: 'hello world', refusal: null }, finish_reason: 'stop' }],
      usage: {
        prompt_tokens: message()?.end?.usage?.inputTokens,
        completion_tokens: message()?.end?.usage?.outputTokens,
      },
    });
  });

  it('gives the same answer to a repeat, and asks no model', async () => {
    const { turn, work, ports } = stored();
    const key = { 'idempotency-key': 'm1' };
    const first = await turn(ask({ stream: true }), key);
    await first.text();
    await Promise.all(work);
    const stream = vi.spyOn(ports.model, 'stream');
    const again = await turn(ask({ stream: true }), key);

    expect(again.headers.get('x-message-id')).toBe(first.headers.get('x-message-id'));
    expect(textOf(await again.text())).toBe('hello world');
    expect(await (await turn(ask(), key)).json()).toMatchObject({
      choices: [{ message: { content: 'hello world' } }],
    });
    expect(stream).not.toHaveBeenCalled();
    expect((await turn(ask({ messages: [{ role: 'user', content: 'other' }] }), key)).status).toBe(409);
  });

  it.each([true, false])(
    'fails with the status of an answer that failed, and wants no repeat (stream: %s)',
    async (stream) => {
      const busy = new ChatError('UPSTREAM_RATE_LIMITED', { retryAfterMs: 3_000 });
      const { turn, work, message } = stored([busy]);
      const response = await turn(ask({ stream }));
      await Promise.all(work);

      expect(response.status).toBe(429);
      expect(await response.json()).toMatchObject({
        error: { code: 'UPSTREAM_RATE_LIMITED', type: 'rate_limit_error' },
      });
      expect(Object.fromEntries(response.headers)).toMatchObject({
        ...{ 'x-message-id': message()?.id, 'x-should-retry': 'false', 'retry-after': '3' },
      });
      expect(message()?.status).toBe('FAILED');
    },
  );

  it('says what fails after the first text in the stream', async () => {
    const { turn, work } = stored(['hello', new ChatError('UPSTREAM_TRUNCATED')]);
    const response = await turn(ask({ stream: true }));
    const data = dataOf(await response.text());
    await Promise.all(work);

    expect(response.status).toBe(200);
    expect(JSON.parse(data.at(-1) ?? '')).toMatchObject({ error: { code: 'UPSTREAM_TRUNCATED' } });
  });

  it('answers 504 at the door’s limit without streaming, while the answer goes on', async () => {
    const released = Promise.withResolvers<void>();
    const { turn, work, message } = stored(['hello', () => released.promise, STOP], { remainingMs: 10_100 });
    const response = await turn(ask());

    expect(response.status).toBe(504);
    expect(await response.json()).toMatchObject({ error: { code: 'DEADLINE' } });
    expect(message()?.status).toBe('STREAMING');
    released.resolve();
    await Promise.all(work);
    expect(message()).toMatchObject({ status: 'COMPLETE', text: 'hello' });
  });

  it('says DEADLINE in the stream at the door’s limit, while the answer goes on', async () => {
    const released = Promise.withResolvers<void>();
    const { turn, work, message } = stored(['hello', () => released.promise, STOP], { remainingMs: 10_100 });
    const response = await turn(ask({ stream: true }));
    const data = dataOf(await response.text());

    expect(JSON.parse(data.at(-1) ?? '')).toMatchObject({ error: { code: 'DEADLINE' } });
    released.resolve();
    await Promise.all(work);
    expect(message()).toMatchObject({ status: 'COMPLETE', text: 'hello' });
  });

  it.each<[string, object, Record<string, string>, number, string | null]>([
    ['a bad conversation id', ask(), { 'x-conversation-id': 'a b' }, 400, null],
    ['an empty conversation id', ask(), { 'x-conversation-id': '' }, 400, null],
    ['a bad key', ask(), { 'idempotency-key': 'a b' }, 400, null],
    ['an empty text', ask({ messages: [{ role: 'user', content: ' ' }] }), {}, 400, null],
    ['tools', ask({ tools: [{ type: 'function' }] }), {}, 400, 'tools'],
    [
      'an image',
      ask({ messages: [{ role: 'user', content: [{ type: 'image_url', image_url: {} }] }] }),
      {},
      400,
      'messages',
    ],
    ['no token', ask(), { authorization: '' }, 401, null],
  ])('refuses %s and stores nothing', async (_name, body, headers, status, param) => {
    const { turn, table } = stored();
    const response = await turn(body, headers);

    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ error: { param } });
    expect(table.all('')).toEqual([]);
  });

  it('lets an SDK repeat a send whose outcome is unknown only under a key', async () => {
    const { turn, table } = stored(undefined, { patienceMs: 60 });
    table.fate = (call) => (call.operation === 'put' ? 'lost' : 'fine');
    const unnamed = await turn(ask());
    const named = await turn(ask(), { 'idempotency-key': 'm1' });

    expect([unnamed.status, unnamed.headers.get('x-should-retry')]).toEqual([500, 'false']);
    expect([named.status, named.headers.get('x-should-retry')]).toEqual([500, 'true']);
  });
});
