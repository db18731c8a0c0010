import { afterEach, describe, expect, it, vi } from 'vitest';
import type { AssistantMessageItem, ConversationItem, MessageItem } from '../../../../protocol/items.ts';
import { ChatError } from '../../../../protocol/errors.ts';
import { conversationKey } from '../../../../protocol/keys.ts';
import { OWNER, sha256, STOP } from '../../chat-fixture.ts';
import { door, STREAM_HEAD } from '../door.ts';
import { chunksOf, textOf } from './body-chunks.ts';

type Door = ReturnType<typeof door>;
interface UiBody {
  id?: unknown;
  messages?: unknown;
  trigger?: unknown;
  messageId?: unknown;
  [key: string]: unknown;
}

const user = (id: string, text: string) => ({ id, role: 'user', parts: [{ type: 'text', text }] });
const assistant = (id: string) => ({ id, role: 'assistant', parts: [{ type: 'text', text: 'an answer' }] });
const BODY: UiBody = { id: 'c1', messages: [user('m1', 'hi')], trigger: 'submit-message' };
const post = (at: Door, change: UiBody = {}, headers: Record<string, string> = {}) =>
  at.request('/api/chat', {
    method: 'POST',
    body: JSON.stringify({ ...BODY, ...change }),
    headers: { authorization: 'Bearer alice', 'content-type': 'application/json', ...headers },
  });
/** Posts, reads the answer to its end, and answers the id of its message. */
async function ask(at: Door, change: UiBody = {}, headers: Record<string, string> = {}): Promise<string> {
  const response = await post(at, change, headers);
  expect(response.status, await response.clone().text()).toBe(200);
  expect(textOf(await response.text())).toBe('hello world');
  await Promise.all(at.work);
  return response.headers.get('x-message-id') ?? '';
}
const messagesOf = (at: Door) => at.table.all<MessageItem>('M#');
const messageOf = (at: Door, id: string) =>
  messagesOf(at).find((message) => message.id === id) as AssistantMessageItem;
const questionOf = (at: Door, id: string) => messageOf(at, messageOf(at, id).userMessageId);
const edit = (text: string, before: unknown[] = []) => ({
  messages: [...before, user('m1', text)],
  messageId: 'm1',
});

describe('POST /api/chat', () => {
  afterEach(() => void vi.useRealTimers());

  it('streams the answer that it generates to its reader and to subscribers', async () => {
    const at = door();
    const response = await post(at);
    const body = await response.text();
    await Promise.all(at.work);

    expect(response.status).toBe(200);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      ...STREAM_HEAD,
      'x-vercel-ai-ui-message-stream': 'v1',
      'x-message-id': at.message()?.id,
      'x-conversation-id': 'c1',
    });
    expect(chunksOf(body)[0]).toEqual({ type: 'start', messageId: at.message()?.id });
    expect(chunksOf(body).at(-1)).toMatchObject({
      type: 'finish',
      messageMetadata: { finishReason: 'stop', length: 11, sha256: sha256('hello world'), model: 'scripted' },
    });
    expect(at.message()).toMatchObject({ status: 'COMPLETE', text: 'hello world', clientMessageId: 'm1' });
    expect(at.published.map(({ text }) => text).join('')).toBe('hello world');
  });

  it('ignores keys that an application adds, and takes model and pacing', async () => {
    const at = door();
    await ask(at, { model: 'second', pacing: 'LIVE', userName: 'alice', nested: { any: [1] } });

    expect(at.message()).toMatchObject({ model: 'second', pacing: 'LIVE' });
  });

  it('joins the text parts of the last message and reads no other', async () => {
    const at = door();
    const parts = [
      { type: 'text', text: 'one ', state: 'done' },
      { type: 'text', text: 'two' },
    ];
    await ask(at, {
      messages: [
        { id: 'x', role: 'system', parts: [{}] },
        { id: 'm1', role: 'user', parts },
      ],
    });

    expect(messagesOf(at).map(({ text }) => text)).toEqual(['one two', 'hello world']);
  });

  it('replays the finished answer to a repeat, under the same ids, and starts nothing', async () => {
    const at = door();
    const first = await ask(at);
    const stream = vi.spyOn(at.ports.model, 'stream');

    expect(await ask(at, {}, { 'idempotency-key': 'm1' })).toBe(first);
    expect(stream).not.toHaveBeenCalled();
    expect(messagesOf(at)).toHaveLength(2);
  });

  it('is CONFLICT for another text under one id that is no edit', async () => {
    const at = door();
    await ask(at);

    expect((await post(at, { messages: [user('m1', 'other')] })).status).toBe(409);
  });

  it('follows the answer before it where that is one of ours, and else the last of the conversation', async () => {
    const at = door();
    const first = await ask(at);
    const again = await ask(at, { messages: [user('m2', 'hi'), assistant('other'), user('m3', 'hi')] });
    const branch = await ask(at, { messages: [user('m1', 'hi'), assistant(first), user('m4', 'hi')] });
    const unanswered = await ask(at, { messages: [user('m1', 'hi'), user('m5', 'hi')] });

    expect(questionOf(at, first).parentId).toBeNull();
    expect(questionOf(at, again).parentId).toBe(first);
    expect(questionOf(at, branch).parentId).toBe(first);
    expect(questionOf(at, unanswered).parentId).toBe(branch);
  });

  it('makes an edit a branch beside what was edited, and meets it again', async () => {
    const at = door();
    const first = await ask(at);
    const second = await ask(at, { messages: [user('m1', 'hi'), assistant(first), user('m2', 'two')] });
    const edited = await ask(at, {
      messages: [user('m1', 'hi'), assistant(first), user('m2', 'three')],
      messageId: 'm2',
    });
    const root = await ask(at, edit('anew'));

    expect(questionOf(at, edited)).toMatchObject({ text: 'three', parentId: first });
    expect(questionOf(at, second)).toMatchObject({ text: 'two', parentId: first });
    expect(questionOf(at, root)).toMatchObject({ text: 'anew', parentId: null });
    expect(await ask(at, edit('anew'))).toBe(root);
    expect(await ask(at, edit('hi'))).toBe(first);
    expect(messagesOf(at)).toHaveLength(8);
  });

  it('edits a message that the application has from a listing', async () => {
    const at = door();
    const question = questionOf(at, await ask(at));
    const same = await ask(at, { messages: [user(question.id, 'hi')], messageId: question.id });
    const edited = await ask(at, { messages: [user(question.id, 'anew')], messageId: question.id });

    expect(questionOf(at, same).id).toBe(question.id);
    expect(questionOf(at, edited)).toMatchObject({ text: 'anew', parentId: null });
  });

  describe('regenerate-message', () => {
    const again = { trigger: 'regenerate-message' };

    it('makes a sibling answer, with or without the name of the old one', async () => {
      const at = door();
      const first = await ask(at);
      const second = await ask(at, again);
      const third = await ask(at, { ...again, messageId: second });
      const fourth = await ask(at, { ...again, messageId: 'm1' });

      expect(new Set([first, second, third, fourth]).size).toBe(4);
      for (const id of [second, third, fourth])
        expect(messageOf(at, id)).toMatchObject({
          parentId: messageOf(at, first).parentId,
          text: 'hello world',
        });
    });

    it('is repeated under its Idempotency-Key alone', async () => {
      const at = door();
      await ask(at);
      const second = await ask(at, again, { 'idempotency-key': 'k1' });

      expect(await ask(at, again, { 'idempotency-key': 'k1' })).toBe(second);
      expect(await ask(at, again, { 'idempotency-key': 'k2' })).not.toBe(second);
    });

    it('answers the edited text once a message was edited, and a listed message', async () => {
      const at = door();
      const first = await ask(at);
      const edited = await ask(at, edit('anew'));
      const ofEdit = await ask(at, { ...again, messages: [user('m1', 'anew')] });
      const question = questionOf(at, first);
      const ofListed = await ask(at, { ...again, messages: [user(question.id, 'hi')] });

      expect(questionOf(at, ofEdit).id).toBe(questionOf(at, edited).id);
      expect(questionOf(at, ofListed).id).toBe(question.id);
    });

    it('sends a question that never got here, and finishes one that got here by half', async () => {
      const at = door();
      const sent = await ask(at, again);
      expect(messageOf(at, sent)).toMatchObject({
        clientMessageId: 'm1',
        parentId: expect.any(String) as string,
      });
      const half = door();
      half.table.fate = ({ operation, sk }) =>
        operation === 'put' && sk.endsWith('-1')
          ? Object.assign(new Error('killed'), { $metadata: { httpStatusCode: 400 } })
          : 'fine';
      expect((await post(half)).status).toBe(500);
      half.table.fate = () => 'fine';

      const finished = await ask(half, again);
      expect(messagesOf(half)).toHaveLength(2);
      expect(await ask(half)).toBe(finished);
    });
  });

  it('has the status of an error that comes before any text, with the ids of the message', async () => {
    const at = door([new ChatError('UPSTREAM_RATE_LIMITED', { retryAfterMs: 1_500 })]);
    const response = await post(at);

    expect(response.status).toBe(429);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'retry-after': '2',
      'content-type': 'application/json; charset=utf-8',
      'x-message-id': at.message()?.id,
      'x-conversation-id': 'c1',
    });
    expect(await response.json()).toMatchObject({
      error: { code: 'UPSTREAM_RATE_LIMITED', retryAfterMs: 1_500, requestId: 'r1' },
    });
    expect((await post(at)).status).toBe(429);
  });

  it('ends in-band with an error that comes after text', async () => {
    const response = await post(door(['hello ', new ChatError('UPSTREAM_TIMEOUT')]));
    const chunks = chunksOf(await response.text());

    expect(response.status).toBe(200);
    expect(chunks.at(-2)).toMatchObject({ type: 'data-error', data: { code: 'UPSTREAM_TIMEOUT' } });
    expect(chunks.at(-1)?.type).toBe('error');
  });

  it('waits 10 s for the first event, then begins without it', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
    const released = Promise.withResolvers<void>();
    const at = door([() => released.promise, 'hello ', 'world', STOP]);
    let response: Response | undefined;
    void Promise.resolve(post(at)).then((begun) => (response = begun));
    await vi.advanceTimersByTimeAsync(9_900);
    expect(response).toBeUndefined();
    await vi.advanceTimersByTimeAsync(200);
    expect(response?.status).toBe(200);
    released.resolve();
    const body = response?.text();
    await vi.advanceTimersByTimeAsync(1_000);

    expect(textOf((await body) ?? '')).toBe('hello world');
  });

  it('says DEADLINE at the door’s own limit while the answer goes on', async () => {
    const released = Promise.withResolvers<void>();
    const at = door(['hello ', () => released.promise, STOP], { remainingMs: 10_100 });
    const chunks = chunksOf(await (await post(at)).text());
    expect(chunks.at(-2)).toMatchObject({ data: { code: 'DEADLINE' } });
    expect(at.message()?.status).toBe('STREAMING');
    released.resolve();
    await Promise.all(at.work);

    expect(at.message()).toMatchObject({ status: 'COMPLETE', text: 'hello ' });
  });

  it.each<[string, UiBody, number, string]>([
    ['no id', { id: undefined }, 400, 'INVALID_INPUT'],
    ['what is no id', { id: 'c/1' }, 400, 'INVALID_INPUT'],
    ['no messages', { messages: undefined }, 400, 'INVALID_INPUT'],
    ['an empty list', { messages: [] }, 400, 'INVALID_INPUT'],
    ['no trigger', { trigger: undefined }, 400, 'INVALID_INPUT'],
    ['another trigger', { trigger: 'resume-stream' }, 400, 'INVALID_INPUT'],
    ['a message without parts', { messages: [{ id: 'm1', role: 'user' }] }, 400, 'INVALID_INPUT'],
    ['an answer as the last message', { messages: [user('m1', 'hi'), assistant('a')] }, 400, 'INVALID_INPUT'],
    ['a message id that is none', { messages: [user('m 1', 'hi')] }, 400, 'INVALID_INPUT'],
    ['an over-long message id', { messages: [user('m'.repeat(65), 'hi')] }, 400, 'INVALID_INPUT'],
    ['white space', { messages: [user('m1', ' \n')] }, 400, 'INVALID_INPUT'],
    ['an over-long text', { messages: [user('m1', 'x'.repeat(32_001))] }, 400, 'INVALID_INPUT'],
    [
      'a file',
      {
        messages: [
          {
            ...user('m1', 'hi'),
            parts: [
              { type: 'file', mediaType: 'image/png', url: 'data:,' },
              { type: 'text', text: 'hi' },
            ],
          },
        ],
      },
      400,
      'INVALID_INPUT',
    ],
    ['a model of the wrong type', { model: 3 }, 400, 'INVALID_INPUT'],
    ['an unknown model', { model: 'third' }, 400, 'MODEL_NOT_ALLOWED'],
    ['an unknown pacing', { pacing: 'FAST' }, 400, 'INVALID_INPUT'],
    ['too large a body', { more: 'x'.repeat(262_144) }, 413, 'PAYLOAD_TOO_LARGE'],
  ])('refuses %s and writes nothing', async (_name, change, status, code) => {
    const at = door();
    const response = await post(at, change);

    expect([response.status, await response.json()]).toMatchObject([status, { error: { code } }]);
    expect([at.table.all(), at.work]).toEqual([[], []]);
  });

  it.each<[string, (at: Door) => Response | Promise<Response>, number]>([
    ['no credential', (at) => post(at, {}, { authorization: '' }), 401],
    ['another media type', (at) => post(at, {}, { 'content-type': 'text/plain' }), 415],
    ['an Idempotency-Key that is not the id', (at) => post(at, {}, { 'idempotency-key': 'k' }), 400],
    [
      'an Idempotency-Key that is no id',
      (at) => post(at, { trigger: 'regenerate-message' }, { 'idempotency-key': 'k k' }),
      400,
    ],
    ['a GET', (at) => at.get('/api/chat'), 405],
    ['a POST of the stream', (at) => at.request('/api/chat/c1/stream', { method: 'POST' }), 405],
  ])('refuses %s', async (_name, send, status) => {
    const at = door();
    expect((await send(at)).status).toBe(status);
    expect(at.table.all()).toEqual([]);
  });

  it('is NOT_FOUND in a deleted conversation, for both triggers', async () => {
    const at = door();
    at.table.seed({ ...conversationKey(OWNER, 'c1'), deletedAt: 'now' } as unknown as ConversationItem);

    for (const trigger of ['submit-message', 'regenerate-message'])
      expect((await post(at, { trigger })).status).toBe(404);
  });
});
