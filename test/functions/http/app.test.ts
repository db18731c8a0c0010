import { describe, expect, it, vi } from 'vitest';
import type { AssistantMessageItem, LogItem } from '../../../protocol/items.ts';
import { ChatError } from '../../../protocol/errors.ts';
import { sha256, STOP } from '../chat-fixture.ts';
import { door, eventsOf, STREAM_HEAD } from './door.ts';

const EVENTS = '/conversations/c1/messages/m1/events';
const CANCEL = '/conversations/c1/messages/m1/cancel';
const EXPOSED = 'x-message-id,x-conversation-id,x-request-id,retry-after,x-should-retry';

describe('POST /chat', () => {
  it('streams the answer it generates as SSE, and publishes it to subscribers, too', async () => {
    const { post, message, published, work } = door();
    const response = await post({ text: 'hi', conversationId: 'c1', clientMessageId: 'm1' });

    expect(response.status).toBe(200);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      ...STREAM_HEAD,
      'x-message-id': message()?.id,
      'x-conversation-id': 'c1',
      'access-control-expose-headers': EXPOSED,
    });
    const events = eventsOf(await response.text());
    await Promise.all(work);
    expect(events.map((event) => [event.kind, event.text])).toEqual([
      ['START', ''],
      ['DELTA', 'hello '],
      ['DELTA', 'world'],
      ['END', ''],
    ]);
    expect(events.at(-1)?.end).toEqual(message()?.end);
    expect(message()).toMatchObject({
      status: 'COMPLETE',
      text: 'hello world',
      end: { sha256: sha256('hello world') },
    });
    expect(
      published
        .filter((batch) => batch.kind === 'DELTA')
        .map((batch) => batch.text)
        .join(''),
    ).toBe('hello world');
  });

  it('writes raw text for people at a terminal', async () => {
    const response = await door().post({ text: 'hi' }, { accept: 'text/plain' });

    expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(await response.text()).toBe('hello world\n');
  });

  it('replays the finished answer to a repeat, under the same ids, and starts nothing', async () => {
    const { post, work, ports } = door();
    const body = { text: 'hi', clientMessageId: 'm1' };
    const first = await post(body);
    await first.text();
    await Promise.all(work);
    const stream = vi.spyOn(ports.model, 'stream');
    const repeat = await post({ text: 'hi' }, { 'idempotency-key': 'm1' });

    for (const name of ['x-message-id', 'x-conversation-id'])
      expect(repeat.headers.get(name)).toBe(first.headers.get(name));
    expect(eventsOf(await repeat.text()).map((event) => [event.kind, event.text])).toEqual([
      ['START', ''],
      ['DELTA', 'hello world'],
      ['END', ''],
    ]);
    expect(stream).not.toHaveBeenCalled();
  });

  it('completes the answer although the reader has left', async () => {
    const released = Promise.withResolvers<void>();
    const { post, work, message } = door(['hello ', () => released.promise, 'world', STOP]);
    const response = await post({ text: 'hi' });
    await response.body?.cancel();
    released.resolve();
    await Promise.all(work);

    expect(message()).toMatchObject({ status: 'COMPLETE', text: 'hello world' });
  });

  it('closes without END at the door’s own limit while the answer goes on', async () => {
    const released = Promise.withResolvers<void>();
    const { post, work, message } = door(['hello ', () => released.promise, STOP], { remainingMs: 10_100 });
    const response = await post({ text: 'hi' });
    expect(eventsOf(await response.text()).map((event) => event.kind)).toEqual(['START', 'DELTA']);
    expect(message()?.status).toBe('STREAMING');
    released.resolve();
    await Promise.all(work);

    expect(message()).toMatchObject({ status: 'COMPLETE', text: 'hello ' });
  });

  it('leaves a later attempt to generate and follows it from the beginning of the text', async () => {
    const { post, work, table, message, invoked } = door();
    await (await post({ text: 'hi', clientMessageId: 'm1' })).text();
    await Promise.all(work);
    const stored = message() as AssistantMessageItem;
    const pending = {
      ...stored,
      status: 'PENDING',
      attempt: 2,
      resumeOffset: 11,
      end: null,
      invokedAt: 0,
    } as AssistantMessageItem;
    table.seed(pending);
    table.fate = (call) => {
      if (invoked.length > 0 && call.operation === 'get')
        table.seed({ ...stored, attempt: 2, resumeOffset: 11 } as AssistantMessageItem);
      return 'fine';
    };
    const repeat = await post({ text: 'hi', clientMessageId: 'm1' });

    expect(eventsOf(await repeat.text()).map((event) => [event.kind, event.text])).toEqual([
      ['START', ''],
      ['DELTA', 'hello world'],
      ['END', ''],
    ]);
    expect(invoked).toMatchObject([{ functionName: 'generate', event: { attempt: 2 } }]);
  });

  it('keeps the invocation open until END is published', async () => {
    const publishing = Promise.withResolvers<boolean>();
    const { post, work } = door(['x', STOP], { ports: { publish: () => publishing.promise } });
    await (await post({ text: 'hi' })).text();
    let isOver = false;
    const over = Promise.all(work).then(() => (isOver = true));
    await new Promise((resolve) => setImmediate(resolve));
    expect(isOver).toBe(false);
    publishing.resolve(true);
    await over;
  });

  it('ends the body without END, with one log line, when the log cannot be written', async () => {
    const { post, work, table, lines } = door();
    table.fate = (call) =>
      call.operation === 'put' && call.sk.startsWith('L#')
        ? Object.assign(new Error('denied'), { $metadata: { httpStatusCode: 400 } })
        : 'fine';
    const body = await (await post({ text: 'hi' })).text();
    await Promise.all(work);

    expect(eventsOf(body).map((event) => event.kind)).not.toContain('END');
    expect(lines.filter((line) => line.level === 'error').map((line) => line.event)).toEqual([
      'http.streamFailed',
    ]);
    expect(table.all<LogItem>('L#')).toEqual([]);
  });
});

describe('errors before the first byte', () => {
  const cases: [string, number, string, (at: ReturnType<typeof door>) => Response | Promise<Response>][] = [
    ['an unknown path', 404, 'NOT_FOUND', (at) => at.request('/nowhere')],
    ['a GET of /chat', 405, 'METHOD_NOT_ALLOWED', (at) => at.request('/chat')],
    ['a POST of the events', 405, 'METHOD_NOT_ALLOWED', (at) => at.request(EVENTS, { method: 'POST' })],
    ['a GET of the cancel', 405, 'METHOD_NOT_ALLOWED', (at) => at.request(CANCEL)],
    ['events without a token', 401, 'UNAUTHENTICATED', (at) => at.request(EVENTS)],
    ['a cancel without a token', 401, 'UNAUTHENTICATED', (at) => at.request(CANCEL, { method: 'POST' })],
    ['events of nothing', 404, 'NOT_FOUND', (at) => at.get(EVENTS)],
    ['events under what is no id', 400, 'INVALID_INPUT', (at) => at.get(EVENTS.replace('m1', 'm%2F1'))],
    ['a longer path', 404, 'NOT_FOUND', (at) => at.get(`${EVENTS}/more`)],
    ['a POST of /health', 405, 'METHOD_NOT_ALLOWED', (at) => at.request('/health', { method: 'POST' })],
    ['no token', 401, 'UNAUTHENTICATED', (at) => at.post({ text: 'x' }, { authorization: '' })],
    [
      'another media type',
      415,
      'UNSUPPORTED_MEDIA_TYPE',
      (at) => at.post('hi', { 'content-type': 'text/plain' }),
    ],
    ['too large a body', 413, 'PAYLOAD_TOO_LARGE', (at) => at.post({ text: 'x'.repeat(262_144) })],
    ['malformed JSON', 400, 'INVALID_INPUT', (at) => at.post('{')],
    ['an unknown model', 400, 'MODEL_NOT_ALLOWED', (at) => at.post({ text: 'x', model: 'third' })],
    ['an absent parent', 404, 'NOT_FOUND', (at) => at.post({ text: 'x', parentId: 'absent' })],
    ['an unknown cause', 500, 'INTERNAL', (at) => at.post({ text: 'x' }, { authorization: 'Bearer broken' })],
  ];

  it.each(cases)('%s is %i %s, in one shape and with CORS', async (_name, status, code, send) => {
    const at = door();
    const response = await send(at);

    expect(response.status).toBe(status);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'x-request-id': 'r1',
      'access-control-allow-origin': '*',
      'access-control-expose-headers': EXPOSED,
    });
    const body = (await response.json()) as { error: Record<string, unknown> };
    expect(Object.keys(body)).toEqual(['error']);
    expect(Object.keys(body.error)).toEqual(['code', 'message', 'retryable', 'retryAfterMs', 'requestId']);
    expect(body.error).toMatchObject({ code, requestId: 'r1', retryAfterMs: null });
    expect(JSON.stringify(body)).not.toContain('secrets');
    expect(at.lines.map((line) => line.event)).toEqual(code === 'INTERNAL' ? ['http.failed'] : []);
  });

  it.each([
    ['GET', '/chat', 'POST'],
    ['POST', EVENTS, 'GET'],
    ['DELETE', '/health', 'GET'],
    ['PUT', '/v1/chat/completions', 'POST'],
    ['HEAD', '/api/chat', 'POST'],
  ])('names the method that is allowed instead: %s %s', async (method, path, allowed) => {
    const response = await door().request(path, { method });

    expect([response.status, response.headers.get('allow')]).toEqual([405, allowed]);
  });

  it('is INTERNAL when a send stays unanswered for as long as a caller waits, and its repeat is taken', async () => {
    const at = door(undefined, { patienceMs: 60 });
    at.table.fate = (call) => (call.operation === 'put' ? 'lost' : 'fine');
    const body = { text: 'hi', clientMessageId: 'm1' };
    const response = await at.post(body);

    expect(response.status).toBe(500);
    expect(await response.json()).toMatchObject({ error: { code: 'INTERNAL', retryable: true } });
    expect(at.work).toEqual([]);
    at.table.fate = () => 'fine';
    expect(eventsOf(await (await at.post(body)).text()).at(-1)?.kind).toBe('END');
  });

  const question = { role: 'user', content: 'hi' };
  const uiQuestion = { id: 'm1', role: 'user', parts: [{ type: 'text', text: 'hi' }] };
  it.each<[string, object, Record<string, string>]>([
    ['/chat', { text: 'hi', conversationId: 'c1' }, { accept: 'application/json', 'idempotency-key': 'm1' }],
    [
      '/v1/chat/completions',
      { model: 'first', messages: [question] },
      { 'x-conversation-id': 'c1', 'idempotency-key': 'm1' },
    ],
    ['/api/chat', { id: 'c1', messages: [uiQuestion], trigger: 'submit-message' }, {}],
  ])('names this request where an answer that failed in an earlier one is repeated: %s', async (...given) => {
    const [path, body, headers] = given;
    const at = door([new ChatError('UPSTREAM_REJECTED')]);
    const send = () => at.post(body, headers, path);
    expect((await send()).status).toBe(502);
    await Promise.all(at.work);
    const failed = at.message() as AssistantMessageItem;
    at.table.seed({
      ...failed,
      end: { ...failed.end, error: { ...failed.end?.error, requestId: 'earlier' } },
    } as AssistantMessageItem);
    const again = await send();

    expect([again.status, again.headers.get('x-request-id')]).toEqual([502, 'r1']);
    expect(again.headers.get('x-message-id')).toBe(failed.id);
    expect(await again.text()).toContain('UPSTREAM_REJECTED');
  });

  it('is 405 for a HEAD of the events, which would leave a follower without reader', async () => {
    const at = door();
    const response = await at.request(EVENTS, {
      method: 'HEAD',
      headers: { authorization: 'Bearer alice' },
    });

    expect([response.status, at.work]).toEqual([405, []]);
  });

  it('is CONFLICT for other input under one id', async () => {
    const { post, work } = door();
    await (await post({ text: 'one', clientMessageId: 'm1' })).text();
    await Promise.all(work);

    expect((await post({ text: 'two', clientMessageId: 'm1' })).status).toBe(409);
  });

  it('echoes the requested headers to a preflight and needs no credential for it', async () => {
    const response = await door().request('/chat', {
      method: 'OPTIONS',
      headers: {
        origin: 'https://app.example',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,idempotency-key,x-chat-token',
      },
    });

    expect(response.status).toBe(204);
    expect(response.headers.get('access-control-allow-headers')).toBe(
      'authorization,idempotency-key,x-chat-token',
    );
    expect(response.headers.get('access-control-allow-methods')).toBe('GET,POST,OPTIONS');
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
  });

  it('answers /health', async () => {
    const response = await door().request('/health');

    expect([response.status, await response.json()]).toEqual([200, { status: 'ok' }]);
    expect(response.headers.get('x-request-id')).toBe('r1');
  });
});
