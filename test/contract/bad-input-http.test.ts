import { beforeAll, describe, expect, it } from 'vitest';
import { badTokens, refused, type BadTokens } from './refused.ts';
import { useLocalTarget } from './target.ts';

const target = useLocalTarget();

let alice: string;
let bad: BadTokens;

beforeAll(async () => {
  alice = await target().token('alice');
  bad = await badTokens(target());
});

const json = { 'content-type': 'application/json' };
const asAlice = () => ({ authorization: `Bearer ${alice}` });

async function post(headers: Record<string, string>, body: unknown, method = 'POST', path = '/chat') {
  const answer = await fetch(`${target().httpUrl}${path}`, {
    method,
    headers,
    ...(method === 'POST' ? { body: typeof body === 'string' ? body : JSON.stringify(body) } : {}),
  });
  return {
    status: answer.status,
    body: (await answer.json()) as unknown,
    requestId: answer.headers.get('x-request-id'),
  };
}

describe('the HTTP door', () => {
  it.each([
    ['malformed JSON', json, '{"text":', 400, 'INVALID_INPUT'],
    ['JSON that is no object', json, '[]', 400, 'INVALID_INPUT'],
    ['no text', json, {}, 400, 'INVALID_INPUT'],
    ['an unknown field', json, { text: 'a', bogus: 1 }, 400, 'INVALID_INPUT'],
    ['a text that is no string', json, { text: 1 }, 400, 'INVALID_INPUT'],
    ['an empty text', json, { text: '' }, 400, 'INVALID_INPUT'],
    ['a text of 32,001 units', json, { text: 'a'.repeat(32_001) }, 400, 'INVALID_INPUT'],
    ['a bad conversationId', json, { text: 'a', conversationId: 'a/b' }, 400, 'INVALID_INPUT'],
    ['a bad Idempotency-Key', { ...json, 'idempotency-key': 'a b' }, { text: 'a' }, 400, 'INVALID_INPUT'],
    [
      'an Idempotency-Key that differs from clientMessageId',
      { ...json, 'idempotency-key': 'a' },
      { text: 'a', clientMessageId: 'b' },
      400,
      'INVALID_INPUT',
    ],
    ['an unknown pacing', json, { text: 'a', pacing: 'FAST' }, 400, 'INVALID_INPUT'],
    ['a model that is not configured', json, { text: 'a', model: 'gpt-nonsense' }, 400, 'MODEL_NOT_ALLOWED'],
    ['an absent parent', json, { text: 'a', parentId: 'absent' }, 404, 'NOT_FOUND'],
    ['a body that is not JSON', { 'content-type': 'text/plain' }, 'hello', 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['a body over 256 KB', json, { text: 'a'.repeat(262_145) }, 413, 'PAYLOAD_TOO_LARGE'],
  ] as [string, Record<string, string>, unknown, number, string][])(
    'answers %s with its status and code and writes nothing',
    async (_name, headers, body, status, code) => {
      const answer = await refused(target(), () => post({ ...headers, ...asAlice() }, body));

      expect(answer.status).toBe(status);
      expect(answer.body).toMatchObject({
        error: { code, retryable: false, retryAfterMs: null, requestId: answer.requestId },
      });
    },
  );

  it.each([
    ['no credential', () => ({})],
    ['an unknown API key', () => ({ 'x-api-key': 'da2-other' })],
    ['garbage for a token', () => ({ authorization: 'Bearer garbage' })],
    ['an expired token', () => ({ authorization: `Bearer ${bad.expired}` })],
    ['a token of another issuer', () => ({ 'x-chat-token': bad.foreign })],
    [
      'a bad first credential, although the second is good',
      () => ({ 'x-api-key': 'da2-other', ...asAlice() }),
    ],
  ] as [string, () => Record<string, string>][])('answers %s with 401', async (_name, headers) => {
    const answer = await refused(target(), () => post({ ...json, ...headers() }, { text: 'hello' }));

    expect(answer).toMatchObject({ status: 401, body: { error: { code: 'UNAUTHENTICATED' } } });
  });

  it('answers a wrong method with 405 and an unknown path with 404', async () => {
    expect(await post(asAlice(), undefined, 'GET')).toMatchObject({
      status: 405,
      body: { error: { code: 'METHOD_NOT_ALLOWED' } },
    });
    expect(await post({ ...json, ...asAlice() }, {}, 'POST', '/nowhere')).toMatchObject({
      status: 404,
      body: { error: { code: 'NOT_FOUND' } },
    });
  });
});

describe('the local switches', () => {
  it.each([
    ['/local/token', 'POST', { user: 'a b' }, 400],
    ['/local/token', 'POST', {}, 400],
    ['/local/kill-worker', 'POST', {}, 400],
    ['/local/kill-worker', 'GET', undefined, 405],
    ['/local/nothing', 'GET', undefined, 404],
  ])('%s answers a wrong %s %j with %i and what it expects', async (path, method, body, status) => {
    const answer = await fetch(target().graphqlUrl.replace('/graphql', path), {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });

    expect(answer.status).toBe(status);
    expect(await answer.json()).toEqual({ error: expect.any(String) as string });
  });
});
