import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { OFFLINE_MODEL } from '../../local/model-choice.ts';
import type { TicketItem } from '../../protocol/items.ts';
import { ticketKey } from '../../protocol/keys.ts';
import { callerOf, type MessageName } from './api.ts';
import { ask, useHttpFronts, type Asked, type HttpFront } from './http-front.ts';
import { withoutEffect } from './no-effect.ts';
import { storedItems, withProbe } from './stored-items.ts';
import { sha256 } from './streamed-answer.ts';

const FRONTS = useHttpFronts(withProbe);
const JSON_TYPE = { 'content-type': 'application/json' };
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const INJECTED = 'a%0d%0ax-evil:%201';

/** Asks without effect; checks status, code, the shape that errors have in the dialect of the path, and CORS. */
async function refused(front: HttpFront, path: string, init: Asked, status: number, code: string) {
  const answer = await withoutEffect(front.target().stack, () => ask(front, path, init));
  const { error } = (await answer.json()) as { error: Record<string, unknown> };
  expect([answer.status, error['code']]).toEqual([status, code]);
  expect(Object.keys(error)).toEqual(
    path.startsWith('/v1/')
      ? ['message', 'type', 'param', 'code']
      : ['code', 'message', 'retryable', 'retryAfterMs', 'requestId'],
  );
  expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
  expect(answer.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  expect(answer.headers.get('access-control-allow-origin')).toBe('*');
  expect(answer.headers.has('x-evil')).toBe(false);
}

/** A way to ask for an answer, each with a request that would be taken and an address that is only read. */
const DIALECTS = [
  { name: 'the native dialect', path: '/chat', read: '/conversations', body: { text: '/echo never' } },
  {
    name: "OpenAI's dialect",
    path: '/v1/chat/completions',
    read: '/v1/models',
    body: { model: OFFLINE_MODEL, messages: [{ role: 'user', content: '/echo never' }] },
    headers: { 'x-conversation-id': randomUUID() },
  },
  {
    name: "the AI SDK's dialect",
    path: '/api/chat',
    read: `/api/chat/${randomUUID()}/stream`,
    body: {
      ...{ id: randomUUID(), trigger: 'submit-message' },
      messages: [{ id: randomUUID(), role: 'user', parts: [{ type: 'text', text: '/echo never' }] }],
    },
  },
];

describe.each(FRONTS)('behind $name', (front) => {
  describe.each(DIALECTS)('$name', ({ path, read, body, headers = {} }) => {
    const whole = JSON.stringify(body);
    const post = (text: string, more: Record<string, string> = {}) => chat(text, { ...headers, ...more });

    it.each<[string, Asked, number, string]>([
      ['no body', post(''), 400, 'INVALID_INPUT'],
      ['broken JSON', post(whole.slice(0, -1)), 400, 'INVALID_INPUT'],
      ['a body of 257 KB', post(whole.padEnd(257 * 1024)), 413, 'PAYLOAD_TOO_LARGE'],
      ['a body of 1 MB', post(whole.padEnd(1024 * 1024)), 413, 'PAYLOAD_TOO_LARGE'],
      ['no content type', post(whole, { 'content-type': '' }), 415, 'UNSUPPORTED_MEDIA_TYPE'],
      ['text', post(whole, { 'content-type': 'text/plain' }), 415, 'UNSUPPORTED_MEDIA_TYPE'],
      ['a form', post('a=b', FORM), 415, 'UNSUPPORTED_MEDIA_TYPE'],
      ['an Idempotency-Key of two lines', post(whole, { 'idempotency-key': INJECTED }), 400, 'INVALID_INPUT'],
      ['a broken token', post(whole, { 'x-chat-token': 'x.y.z' }), 401, 'UNAUTHENTICATED'],
      ['an empty token', post(whole, { 'x-chat-token': '' }), 401, 'UNAUTHENTICATED'],
      ['a wrong key beside a token', post(whole, { 'x-api-key': 'da2-wrong' }), 401, 'UNAUTHENTICATED'],
    ])('refuses %s, and writes nothing', async (_name, init, status, code) => {
      await refused(front, path, init, status, code);
    });

    it('has nothing below its address', async () => {
      await refused(front, `${path}/`, post(whole), 404, 'NOT_FOUND');
    });

    it('refuses an expired token, also beside a good one that comes later', async () => {
      const expired = await front.target().stack.token('alice', -60);
      const authorization = `Bearer ${await front.target().token('alice')}`;
      const alone: Record<string, string> = { 'x-chat-token': expired };
      for (const given of [alone, { ...alone, authorization }]) {
        await refused(front, path, post(whole, given), 401, 'UNAUTHENTICATED');
        await refused(front, read, { headers: given }, 401, 'UNAUTHENTICATED');
      }
    });

    it('ignores what comes after a good credential', async () => {
      const good = {
        'x-api-key': front.target().apiKey,
        'x-chat-token': 'broken',
        authorization: 'Bearer x',
      };
      const answer = await withoutEffect(front.target().stack, () => ask(front, read, { headers: good }));
      expect(answer.status).toBe(path === '/api/chat' ? 204 : 200);
    });

    it.each(['GET', 'PUT', 'PATCH', 'DELETE'])('refuses the method %s', async (method) => {
      await refused(front, path, { method }, 405, 'METHOD_NOT_ALLOWED');
    });

    it.each(['POST', 'PUT', 'DELETE'])('refuses the method %s of what is read', async (method) => {
      await refused(front, read, { method }, 405, 'METHOD_NOT_ALLOWED');
    });
  });

  describe('an address', () => {
    const EVENTS = '/conversations/a/messages/b/events';

    it.each<[string, string, Asked, number, string]>([
      ['an unknown field', '/chat', chat('{"text":"a","b":1}'), 400, 'INVALID_INPUT'],
      ['a text that is too long', '/chat', chat(`{"text":"${'a'.repeat(32_001)}"}`), 400, 'INVALID_INPUT'],
      [
        'an id of two lines',
        '/chat',
        chat('{"text":"a","conversationId":"a\\r\\nx-evil: 1"}'),
        400,
        'INVALID_INPUT',
      ],
      ['an encoded path', '/conversations/a%20b/messages/c%3Fd%23/events', {}, 400, 'INVALID_INPUT'],
      ['a path of two lines', `/conversations/${INJECTED}/messages`, {}, 400, 'INVALID_INPUT'],
      ['a stream of two lines', `/api/chat/${INJECTED}/stream`, {}, 400, 'INVALID_INPUT'],
      [
        'an x-conversation-id of two lines',
        '/v1/chat/completions',
        chat(JSON.stringify(DIALECTS[1]?.body), { 'x-conversation-id': INJECTED }),
        400,
        'INVALID_INPUT',
      ],
      ['the messages of an unknown conversation', '/conversations/a/messages', {}, 404, 'NOT_FOUND'],
      ['the events of one', EVENTS, {}, 404, 'NOT_FOUND'],
      ['a ticket for one', `${EVENTS}/ticket`, { method: 'POST' }, 404, 'NOT_FOUND'],
      ['a cancel in one', EVENTS.replace('events', 'cancel'), { method: 'POST' }, 404, 'NOT_FOUND'],
      ['an unknown path', '/nothing?chat=1', {}, 404, 'NOT_FOUND'],
      ['the root', '/', {}, 404, 'NOT_FOUND'],
      ['another method of health', '/health', { method: 'DELETE' }, 405, 'METHOD_NOT_ALLOWED'],
    ])('refuses %s, and writes nothing', async (_name, path, init, status, code) => {
      await refused(front, path, init, status, code);
    });

    it.each(['nonsense', 'b:1:0', 'b:0:0.0', 'other:1:0.0', 'b:1:0.0:END', `b:1:0.0${INJECTED}`])(
      'refuses the Last-Event-ID %s before it looks for the message',
      async (cursor) => {
        await refused(front, EVENTS, { headers: { 'last-event-id': cursor } }, 400, 'INVALID_INPUT');
      },
    );
  });

  it('refuses a ticket of another message, one that never was, and one that is over', async () => {
    const target = front.target();
    const caller = callerOf(target, { token: await target.token('alice') });
    const [one, other] = [await caller.send('/echo one'), await caller.send('/echo other')];
    for (const { assistantMessage } of [one, other]) await caller.ended(assistantMessage);
    const events = ({ conversationId, id }: MessageName) =>
      `/conversations/${conversationId}/messages/${id}/events`;
    const asked = await ask(front, `${events(one.assistantMessage)}/ticket`, { method: 'POST' });
    const { ticket } = (await asked.json()) as { ticket: string };
    // Without any header; the helper would send a token.
    const opened = (message: MessageName, given: string) =>
      fetch(`${front.url()}${events(message)}?ticket=${given}`);
    const verdict = async (message: MessageName, given: string) => {
      const answer = await withoutEffect(target.stack, () => opened(message, given));
      return [answer.status, ((await answer.json()) as { error: { code: string } }).error.code];
    };

    const refusal = [401, 'UNAUTHENTICATED'];
    expect(await verdict(other.assistantMessage, ticket)).toEqual(refusal);
    expect(await verdict(one.assistantMessage, 'A'.repeat(43))).toEqual(refusal);
    expect(await verdict(one.assistantMessage, INJECTED)).toEqual(refusal);
    const replayed = await opened(one.assistantMessage, ticket);
    expect([replayed.status, await replayed.text()]).toEqual([200, expect.stringContaining('one') as string]);
    await storedItems(target).change<TicketItem>(ticketKey(sha256(ticket)), { goodUntil: Date.now() - 1 });
    expect(await verdict(one.assistantMessage, ticket)).toEqual(refusal);
  });
});

function chat(body: string, headers: Record<string, string> = {}): Asked {
  return { method: 'POST', headers: { ...JSON_TYPE, ...headers }, body };
}
