import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { BAD_TOKENS } from './bad-credentials.ts';
import { withoutEffect } from './no-effect.ts';
import { refusals } from './http-refusal.ts';
import { openFeed } from './realtime-client.ts';
import { useLocalTarget } from './target.ts';

const target = useLocalTarget();

const JSON_TYPE = { 'content-type': 'application/json' };
const withKeyCredential = () => ({ apiKey: target().apiKey });
const withKey = () => ({ 'x-api-key': target().apiKey });

const refused = refusals(target);

const chat = (body: unknown, headers: Record<string, string> = {}): RequestInit => ({
  method: 'POST',
  headers: { ...withKey(), ...JSON_TYPE, ...headers },
  body: typeof body === 'string' ? body : JSON.stringify(body),
});

describe('a body of POST /chat', () => {
  it.each([
    ['nothing', ''],
    ['malformed JSON', '{"text":'],
    ['a JSON array', '[]'],
    ['null', 'null'],
    ['no text', {}],
    ['a text that is no string', { text: 1 }],
    ['an unknown field', { text: 'hello', nothing: 1 }],
    ['an empty text', { text: '' }],
    ['a blank text', { text: ' \n\t ' }],
    ['a text of 32,001 units', { text: 'a'.repeat(32_001) }],
    ['an unknown pacing', { text: 'hello', pacing: 'FAST' }],
    ['a number for an id', { text: 'hello', conversationId: 1 }],
  ])('is INVALID_INPUT when it is or has %s', async (_name, body) => {
    await refused('/chat', chat(body), 400, 'INVALID_INPUT');
  });

  it.each(['', 'a'.repeat(65), 'a/b', 'a#b', 'é'])(
    'is INVALID_INPUT with the id %j in any field',
    async (id) => {
      for (const field of ['conversationId', 'clientMessageId', 'parentId'])
        await refused('/chat', chat({ text: 'hello', [field]: id }), 400, 'INVALID_INPUT');
    },
  );

  it('is MODEL_NOT_ALLOWED for a model that is not configured', async () => {
    await refused('/chat', chat({ text: 'hello', model: 'other' }), 400, 'MODEL_NOT_ALLOWED');
  });

  it('is NOT_FOUND for a parent that is not there', async () => {
    const body = await refused('/chat', chat({ text: 'hello', parentId: randomUUID() }), 404, 'NOT_FOUND');
    expect(body.error.message).toBe('Not found.');
  });

  it('is PAYLOAD_TOO_LARGE above 256 KB, and only there', async () => {
    const padded = (bytes: number) => `{"text":"hello"${' '.repeat(bytes - 16)}}`;
    await refused('/chat', chat(padded(256 * 1024 + 1)), 413, 'PAYLOAD_TOO_LARGE');
    await refused('/chat', chat(padded(256 * 1024).replace('hello', '     ')), 400, 'INVALID_INPUT');
  });

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'application/jsonx', ''])(
    'is UNSUPPORTED_MEDIA_TYPE as %j',
    async (type) => {
      await refused(
        '/chat',
        chat({ text: 'hello' }, { 'content-type': type }),
        415,
        'UNSUPPORTED_MEDIA_TYPE',
      );
    },
  );

  it.each([
    ['that differs from clientMessageId', { text: 'hello', clientMessageId: 'a' }, 'b'],
    ['that is no id', { text: 'hello' }, 'a b'],
    ['of 65 characters', { text: 'hello' }, 'a'.repeat(65)],
  ])('is INVALID_INPUT with an Idempotency-Key %s', async (_name, body, key) => {
    await refused('/chat', chat(body, { 'idempotency-key': key }), 400, 'INVALID_INPUT');
  });

  it('is CONFLICT under the id of another request, whose answer is unchanged', async () => {
    const conversationId = randomUUID();
    const feed = await openFeed(target(), withKeyCredential(), { conversationId });
    const ids = { conversationId, clientMessageId: randomUUID() };
    const first = await fetch(`${target().httpUrl}/chat`, chat({ ...ids, text: '/echo one' }));
    await first.text();
    await feed.end();
    const answer = await fetch(`${target().httpUrl}/chat`, chat({ ...ids, text: '/echo two' }));

    expect(answer.status).toBe(409);
    expect(await answer.json()).toMatchObject({ error: { code: 'CONFLICT', retryable: false } });
    await feed.drained();
    expect(new Set(feed.batches.items.map(({ messageId }) => messageId)).size).toBe(1);
  });

  it('may have 32,000 units of text', async () => {
    const conversationId = randomUUID();
    const feed = await openFeed(target(), withKeyCredential(), { conversationId });
    const body = { text: '🙂'.repeat(16_000), conversationId };
    const answer = await fetch(`${target().httpUrl}/chat`, chat(body, { accept: 'text/plain' }));

    expect(answer.status).toBe(200);
    await answer.text();
    await feed.end();
  });
});

describe('a caller of the HTTP door who is not known', () => {
  const body = JSON.stringify({ text: 'hello' });

  it.each(BAD_TOKENS)('is UNAUTHENTICATED with %s in either header', async (_name, make) => {
    const token = await make(target().stack);
    for (const [name, value] of [
      ['authorization', `Bearer ${token}`],
      ['x-chat-token', token],
    ] as const)
      await refused(
        '/chat',
        { method: 'POST', headers: { ...JSON_TYPE, [name]: value }, body },
        401,
        'UNAUTHENTICATED',
      );
  });

  it.each([
    ['no credential', {}],
    ['a wrong API key', { 'x-api-key': 'da2-wrong' }],
    ['an empty API key', { 'x-api-key': '' }],
    ['another scheme', { authorization: 'Basic YWxpY2U6c2VjcmV0' }],
  ])('is UNAUTHENTICATED with %s', async (_name, header) => {
    const headers = { ...JSON_TYPE, ...header } as Record<string, string>;
    await refused('/chat', { method: 'POST', headers, body }, 401, 'UNAUTHENTICATED');
  });

  it('is UNAUTHENTICATED by the first credential although a later one is good', async () => {
    const authorization = `Bearer ${await target().token('alice')}`;
    const headers = { ...JSON_TYPE, authorization, 'x-api-key': 'da2-wrong' };
    await refused('/chat', { method: 'POST', headers, body }, 401, 'UNAUTHENTICATED');
    const tokens = { ...JSON_TYPE, authorization, 'x-chat-token': 'garbage' };
    await refused('/chat', { method: 'POST', headers: tokens, body }, 401, 'UNAUTHENTICATED');
  });

  it('is told so before anything about the request', async () => {
    await refused('/chat', { method: 'POST', headers: JSON_TYPE, body: '{' }, 401, 'UNAUTHENTICATED');
  });
});

describe('an address of the HTTP door', () => {
  it.each(['/', '/nothing', '/chat/', '/chat/more', '/healthy'])('is NOT_FOUND: %s', async (path) => {
    await refused(path, { headers: withKey() }, 404, 'NOT_FOUND');
    await refused(path, { ...chat({ text: 'hello' }) }, 404, 'NOT_FOUND');
  });

  it.each([
    ['GET', '/chat'],
    ['PUT', '/chat'],
    ['DELETE', '/chat'],
    ['POST', '/health'],
    ['DELETE', '/health'],
  ])('is METHOD_NOT_ALLOWED: %s %s', async (method, path) => {
    await refused(path, { method, headers: withKey() }, 405, 'METHOD_NOT_ALLOWED');
  });

  it('answers health to anybody', async () => {
    const answer = await withoutEffect(target().stack, () => fetch(`${target().httpUrl}/health`));

    expect(await answer.json()).toEqual({ status: 'ok' });
  });
});

describe('what every route of the native dialect refuses', () => {
  const EVENTS = '/conversations/c/messages/m/events';
  const ROUTES = [
    ['POST', '/chat'],
    ['GET', EVENTS],
    ['POST', `${EVENTS}/ticket`],
    ['GET', '/conversations'],
    ['GET', '/conversations/c/messages'],
    ['POST', '/conversations/c/messages/m/cancel'],
  ] as const;
  const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];
  const wrongMethods = ROUTES.flatMap(([right, path]) =>
    METHODS.filter((method) => method !== right).map((method) => [method, path] as const),
  );
  const named = ROUTES.filter(([, path]) => path.includes('/c/'));

  it.each(wrongMethods)('is METHOD_NOT_ALLOWED: %s %s', async (method, path) => {
    await refused(path, { method, headers: withKey() }, 405, 'METHOD_NOT_ALLOWED');
  });

  it.each(ROUTES)(
    'is UNAUTHENTICATED with no, a broken or an expired credential: %s %s',
    async (method, path) => {
      const expired = await target().stack.token('alice', -60);
      const good = await target().token('alice');
      for (const headers of [
        {},
        { 'x-api-key': 'da2-wrong', authorization: `Bearer ${good}` },
        { 'x-chat-token': 'garbage', authorization: `Bearer ${good}` },
        { authorization: `Bearer ${expired}` },
        { authorization: `Bearer ${good} ${good}` },
        { authorization: 'Bearer' },
      ] as Record<string, string>[])
        await refused(path, { method, headers }, 401, 'UNAUTHENTICATED');
    },
  );

  it.each(named)('is NOT_FOUND for a conversation that is not there: %s %s', async (method, path) => {
    await refused(path, { method, headers: withKey() }, 404, 'NOT_FOUND');
  });

  it.each(named)('is INVALID_INPUT for what is no id: %s %s', async (method, path) => {
    for (const id of [
      'a%0d%0ax-evil:%201',
      'a%0Ab',
      '%00',
      'a%23b',
      'a%2Fb',
      '%zz',
      '%ff',
      'a b',
      'a'.repeat(65),
    ])
      await refused(path.replace('/c/', `/${id}/`), { method, headers: withKey() }, 400, 'INVALID_INPUT');
  });

  it.each(ROUTES)('has nothing below it and nothing beside it: %s %s', async (method, path) => {
    for (const other of [`${path}/`, `${path}/more/of/it`, `${path}x`, `/v0${path}`])
      await refused(other, { method, headers: withKey() }, 404, 'NOT_FOUND');
  });

  it.each([
    'nonsense',
    'm:1:0',
    'm:0:0.0',
    'm:1:0.0:END',
    'other:1:0.0',
    'm:1:-1.0',
    `m:1:${'9'.repeat(10)}.0`,
  ])('is INVALID_INPUT with the Last-Event-ID %s, also of an answer that is not there', async (cursor) => {
    await refused(EVENTS, { headers: { ...withKey(), 'last-event-id': cursor } }, 400, 'INVALID_INPUT');
  });

  it.each(named.filter(([method]) => method === 'POST'))(
    'reads no body where none is asked for: %s %s',
    async (method, path) => {
      for (const body of ['{', 'x'.repeat(1_048_576)])
        await refused(path, { method, headers: withKey(), body }, 404, 'NOT_FOUND');
    },
  );

  it('takes no line break into a header, and answers none', async () => {
    const { port } = new URL(target().httpUrl);
    const lines = [
      ...['GET /health HTTP/1.1', `host: 127.0.0.1:${port}`, 'connection: close'],
      ...['origin: https://a.example', 'access-control-request-headers: a%0d%0ax-evil: 1'],
    ];
    const plain = await raw(Number(port), [...lines, '', ''].join('\r\n'));
    expect(plain).toMatch(/^HTTP\/1\.1 200 /);
    expect(plain).not.toMatch(/^x-evil/im);
    const folded = lines.with(0, 'OPTIONS /chat HTTP/1.1').with(4, 'access-control-request-method: POST');
    const answer = await raw(
      Number(port),
      [...folded, 'access-control-request-headers: a\r\n x-evil: 1', '', ''].join('\r\n'),
    );
    expect(answer).toMatch(/^HTTP\/1\.1 [24]\d\d /);
    expect(answer).not.toMatch(/^ ?x-evil/im);
  });
});

/** What a server answers to these bytes until it closes the connection. */
function raw(port: number, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => (answer += chunk));
    socket.on('error', reject);
    socket.on('close', () => resolve(answer));
  });
}

describe('a local switch', () => {
  const local = (path: string, init?: RequestInit) =>
    fetch(target().graphqlUrl.replace('/graphql', `/local/${path}`), init);

  it.each([
    ['token', '{}'],
    ['token', '{"user":"no spaces"}'],
    ['token', '{"user":"alice","admin":true}'],
    ['token', '{'],
    ['token', '[]'],
    ['kill-worker', '{}'],
    ['kill-worker', '{"messageId":""}'],
    ['kill-worker', '{"messageId":1}'],
    ['kill-worker', '{"messageId":"a","all":true}'],
    ['kill-worker', 'nonsense'],
  ])('%s answers 400 and what it takes for %s', async (name, body) => {
    const answer = await local(name, { method: 'POST', body });

    expect(answer.status).toBe(400);
    expect(await answer.json()).toEqual({ error: expect.stringMatching(/^(expected|the body)/) as string });
  });

  it('answers 405 for another method and 404 for another name', async () => {
    expect((await local('token')).status).toBe(405);
    expect((await local('kill-worker', { method: 'DELETE' })).status).toBe(405);
    expect((await local('nothing')).status).toBe(404);
  });

  it('gives a token that both doors take', async () => {
    const answer = await local('token', { method: 'POST', body: '{"user":"carol"}' });
    const { token } = (await answer.json()) as { token: string };
    const sent = await fetch(`${target().httpUrl}/chat`, {
      method: 'POST',
      headers: { ...JSON_TYPE, authorization: `Bearer ${token}`, accept: 'text/plain' },
      body: '{"text":"/echo hello"}',
    });

    expect(await sent.text()).toBe('hello\n');
  });
});
