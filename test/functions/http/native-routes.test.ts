import { describe, expect, it } from 'vitest';
import { doorWith } from './door.ts';
import { running } from './one-answer.ts';

const EVENTS = `/conversations/c1/messages/${running.id}/events`;
const CANCEL = EVENTS.replace('/events', '/cancel');
const ROUTES = [
  ['POST', '/chat'],
  ['GET', EVENTS],
  ['POST', `${EVENTS}/ticket`],
  ['GET', '/conversations'],
  ['GET', '/conversations/c1/messages'],
  ['POST', CANCEL],
] as const;
const NAMED = ROUTES.filter(([, path]) => path.includes('/c1/'));
const ALICE = { authorization: 'Bearer alice' };
const JSON_BODY = { ...ALICE, 'content-type': 'application/json' };

/** Asks a door that holds one running answer; checks that nothing is written, run or kept open. */
async function refused(path: string, init: RequestInit, status: number, code: string): Promise<Response> {
  const at = doorWith(running);
  const writes = at.table.versions.length;
  const response = await at.request(path, init);
  expect([response.status, await response.clone().json()]).toMatchObject([
    status,
    { error: { code, retryable: false, requestId: 'r1' } },
  ]);
  expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
  expect(response.headers.get('access-control-allow-origin')).toBe('*');
  expect([at.table.versions.length, at.work, at.invoked, at.published]).toEqual([writes, [], [], []]);
  return response;
}

describe('every route of the native dialect', () => {
  it.each(ROUTES)('has one method: %s %s', async (right, path) => {
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'].filter((other) => other !== right))
      await refused(path, { method, headers: ALICE }, 405, 'METHOD_NOT_ALLOWED');
  });

  it.each(ROUTES)('asks for a credential before anything else: %s %s', async (method, path) => {
    for (const authorization of ['', 'Bearer', 'Bearer nobody', 'Basic YTpi'])
      await refused(path, { method, headers: { authorization } }, 401, 'UNAUTHENTICATED');
    await refused(path, { method }, 401, 'UNAUTHENTICATED');
  });

  it.each(NAMED)('is one NOT_FOUND for what is absent or foreign: %s %s', async (method, path) => {
    const bob = { authorization: 'Bearer bob' };
    const answers = [
      await refused(path, { method, headers: bob }, 404, 'NOT_FOUND'),
      await refused(path.replace('/c1/', '/absent/'), { method, headers: ALICE }, 404, 'NOT_FOUND'),
    ];
    expect(new Set(await Promise.all(answers.map((answer) => answer.text()))).size).toBe(1);
  });

  it.each(NAMED)('takes nothing but ids in its path: %s %s', async (method, path) => {
    for (const id of [
      'a%0d%0ax-evil:%201',
      '%0A',
      '%00',
      'a%23b',
      'a%2Fb',
      '%zz',
      '%ff',
      '..%2f',
      'a'.repeat(65),
    ])
      await refused(path.replace('/c1/', `/${id}/`), { method, headers: ALICE }, 400, 'INVALID_INPUT');
  });

  it.each(ROUTES)('has nothing below or beside it: %s %s', async (method, path) => {
    for (const other of [`${path}/`, `${path}/more/of/it`, `${path}x`, `/v0${path}`, `/${path}`])
      await refused(other, { method, headers: ALICE }, 404, 'NOT_FOUND');
  });
});

describe('what a request of the native dialect carries', () => {
  const chat = (body: string, headers: Record<string, string> = {}) => ({
    method: 'POST',
    headers: { ...JSON_BODY, ...headers },
    body,
  });

  it.each([
    ['a body of 1 MB', 'x'.repeat(1_048_576), {}, 413, 'PAYLOAD_TOO_LARGE'],
    ['no body', '', {}, 400, 'INVALID_INPUT'],
    ['bytes that are no UTF-8 JSON', '\u0000', {}, 400, 'INVALID_INPUT'],
    ['broken JSON', '{"text":"a', {}, 400, 'INVALID_INPUT'],
    ['JSON of another shape', '[{"text":"a"}]', {}, 400, 'INVALID_INPUT'],
    ['another media type', '{"text":"a"}', { 'content-type': 'text/plain' }, 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['line breaks in an id', '{"text":"a","conversationId":"a\\r\\nx-evil: 1"}', {}, 400, 'INVALID_INPUT'],
    ['line breaks in a model', '{"text":"a","model":"a\\r\\nb"}', {}, 400, 'MODEL_NOT_ALLOWED'],
    ['an Idempotency-Key that is no id', '{"text":"a"}', { 'idempotency-key': 'a:b' }, 400, 'INVALID_INPUT'],
  ])('is refused with %s', async (_name, body, headers, status, code) => {
    for (const accept of ['text/event-stream', 'text/plain', 'application/json']) {
      const response = await refused('/chat', chat(body, { accept, ...headers }), status, code);
      expect(response.headers.has('x-evil')).toBe(false);
    }
  });

  it.each([
    ...[
      'nonsense',
      'm:1:0',
      ':1:0.0',
      'ID:0:0.0',
      'ID:1:0.0:END',
      'ID:1:-1.0',
      'ID:1:00.0',
      'ID:2:0.0',
      'other:1:0.0',
    ],
    ...[`ID:1:${'9'.repeat(10)}.0`, 'ID:1:0.0\t:end', 'ID:1:0.0:end:end'],
  ])('is INVALID_INPUT with the Last-Event-ID %j', async (cursor) => {
    const headers = { ...ALICE, 'last-event-id': cursor.replace('ID', running.id) };
    await refused(EVENTS, { headers }, 400, 'INVALID_INPUT');
  });

  it('is not read where nothing is asked for', async () => {
    for (const body of ['{', 'x'.repeat(1_048_576)])
      await refused(
        CANCEL.replace(running.id, 'absent'),
        { method: 'POST', headers: ALICE, body },
        404,
        'NOT_FOUND',
      );
  });
});
