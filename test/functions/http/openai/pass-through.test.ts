import { afterEach, describe, expect, it, vi } from 'vitest';
import { ChatError } from '../../../../protocol/errors.ts';
import { door, STREAM_HEAD } from '../door.ts';
import {
  ask,
  chunkOf,
  dataOf,
  scriptedCompletions,
  STOPPED,
  USAGE,
  type CompletionStep,
} from './scripted-completions.ts';

const ROLE = chunkOf({ role: 'assistant', content: '' });

/** The door with these completions; `complete` asks them. */
function openAi(steps: readonly CompletionStep[], options: Parameters<typeof door>[1] = {}) {
  const completions = scriptedCompletions(...steps);
  const at = door(undefined, { ...options, completions });
  const complete = (body: unknown, headers: Record<string, string> = {}) =>
    at.request('/v1/chat/completions', {
      method: 'POST',
      body: typeof body === 'string' ? body : JSON.stringify(body),
      headers: { authorization: 'Bearer alice', 'content-type': 'application/json', ...headers },
    });
  return { ...at, ...completions, complete };
}

describe('POST /v1/chat/completions without a conversation', () => {
  afterEach(() => void vi.useRealTimers());

  it('hands the messages on and streams the model’s chunks as they are, storing nothing', async () => {
    const chunks = [ROLE, chunkOf({ content: 'Grüße ' }), chunkOf({ content: '😀' }), STOPPED];
    const { complete, runs, table, published, work, lines } = openAi([...chunks, USAGE]);
    const response = await complete(ask({ stream: true, temperature: 0, max_tokens: 9 }));
    const body = await response.text();
    await Promise.all(work);

    expect(response.status).toBe(200);
    expect(Object.fromEntries(response.headers)).toMatchObject(STREAM_HEAD);
    expect(response.headers.get('x-message-id')).toBeNull();
    expect(body).toBe(
      [...chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`), 'data: [DONE]\n\n'].join(''),
    );
    expect(runs).toMatchObject([
      { model: 'first', maxTokens: 9, fields: { messages: ask().messages, temperature: 0 } },
    ]);
    expect([table.all('').length, published.length, lines.length]).toEqual([0, 0, 0]);
  });

  it('gives usage to whoever asks for it', async () => {
    const { complete } = openAi([ROLE, 'hi', STOPPED, USAGE]);
    const wanted = ask({ stream: true, stream_options: { include_usage: true } });
    const data = dataOf(await (await complete(wanted)).text());

    expect(data.slice(0, 3).every((line) => line.includes('"usage":null'))).toBe(true);
    expect(JSON.parse(data[3] ?? '')).toEqual(USAGE);
  });

  it('answers whole without streaming', async () => {
    const { complete, table } = openAi([ROLE, 'Grüße ', '😀', STOPPED, USAGE]);
    const response = await complete(ask());

    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(await response.json()).toMatchObject({
      object: 'chat.completion',
      choices: [{ message: { content: 'Grüße 😀' }, finish_reason: 'stop' }],
      usage: USAGE.usage,
    });
    expect(table.all('')).toEqual([]);
  });

  it.each([true, false])('fails with its status before anything was written (stream: %s)', async (stream) => {
    const busy = new ChatError('UPSTREAM_RATE_LIMITED', { retryAfterMs: 1_500 });
    const { complete, work, lines } = openAi([busy]);
    const response = await complete(ask({ stream }));

    expect(response.status).toBe(429);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      ...{ 'retry-after': '2', 'x-should-retry': 'true', 'x-request-id': 'r1' },
    });
    expect(await response.json()).toEqual({
      error: {
        ...{ message: 'The model is busy. Try again shortly.', type: 'rate_limit_error', param: null },
        code: 'UPSTREAM_RATE_LIMITED',
      },
    });
    await Promise.all(work);
    expect(lines.map(({ event, details }) => [event, details])).toEqual([
      ['http.completionFailed', expect.objectContaining({ code: 'UPSTREAM_RATE_LIMITED' })],
    ]);
  });

  it('says what fails later in the stream, without [DONE]', async () => {
    const { complete, work } = openAi(['hi', new ChatError('UPSTREAM_TRUNCATED')]);
    const response = await complete(ask({ stream: true }));
    const data = dataOf(await response.text());
    await Promise.all(work);

    expect(response.status).toBe(200);
    expect(data).toHaveLength(2);
    expect(JSON.parse(data[1] ?? '')).toMatchObject({
      error: { code: 'UPSTREAM_TRUNCATED', type: 'server_error' },
    });
  });

  it('does not tell what broke inside, and logs it once', async () => {
    const { complete, lines } = openAi([new Error('the table of secrets is down')]);
    const response = await complete(ask());

    expect([response.status, await response.text()]).toEqual([
      500,
      expect.not.stringContaining('secrets') as string,
    ]);
    expect(lines.map(({ event }) => event)).toContain('http.completionFailed');
  });

  it('answers 200 after 10 s of a silent model, keeps the connection awake, and streams what comes', async () => {
    vi.useFakeTimers();
    const released = Promise.withResolvers<void>();
    const { complete, work } = openAi([() => released.promise, 'late', STOPPED]);
    const asked = complete(ask({ stream: true }));
    await vi.advanceTimersByTimeAsync(12_000);
    const response = await asked;
    released.resolve();
    const body = await response.text();
    await Promise.all(work);

    expect(response.status).toBe(200);
    expect(body.startsWith(': hb\n\n')).toBe(true);
    expect(dataOf(body)).toHaveLength(3);
    expect(vi.getTimerCount()).toBe(0);
  });

  it.each([
    ['before the first chunk', [], true, 504],
    ['without streaming', ['hi'], false, 504],
    ['after the first chunk', ['hi'], true, 200],
  ])('ends with DEADLINE at the door’s limit: %s', async (_name, steps, stream, status) => {
    const never = () => new Promise<void>(() => undefined);
    const { complete, work, runs } = openAi([...steps, never], { remainingMs: 10_050 });
    const response = await complete(ask({ stream }));
    const body = await response.text();
    await Promise.all(work);

    expect(response.status).toBe(status);
    expect(body).toContain('"code":"DEADLINE"');
    expect(body).not.toContain('[DONE]');
    expect(response.headers.get('x-should-retry')).toBe(status === 504 ? 'false' : null);
    expect(runs[0]?.signal.aborted).toBe(true);
  });

  it('ends the request of a reader that left', async () => {
    const released = Promise.withResolvers<void>();
    const { complete, work, runs } = openAi(['one', () => released.promise, 'two', 'three', STOPPED]);
    const response = await complete(ask({ stream: true }));
    await response.body?.cancel();
    released.resolve();
    await Promise.all(work);

    expect(runs[0]?.signal.aborted).toBe(true);
  });

  it('lets the model wait for a slow reader, and loses nothing', async () => {
    const piece = 'x'.repeat(100_000);
    const { complete, work } = openAi([...Array.from({ length: 30 }, () => piece), STOPPED]);
    const response = await complete(ask({ stream: true }));
    // Nothing is read while the model could fill the buffer three times.
    await new Promise((resolve) => setImmediate(resolve));
    const data = dataOf(await response.text());
    await Promise.all(work);

    expect(data).toHaveLength(32);
    expect(data.at(-1)).toBe('[DONE]');
  });
});

describe('errors under /v1', () => {
  const json = { authorization: 'Bearer alice', 'content-type': 'application/json' };
  const post = (body: string, headers: Record<string, string> = json) => ({ method: 'POST', body, headers });
  const path = '/v1/chat/completions';

  it.each<[string, string, RequestInit, number, string, string]>([
    ['no token', path, post('{}', {}), 401, 'UNAUTHENTICATED', 'authentication_error'],
    ['an unknown path', '/v1/embeddings', post('{}'), 404, 'NOT_FOUND', 'invalid_request_error'],
    ['another method', path, { headers: json }, 405, 'METHOD_NOT_ALLOWED', 'invalid_request_error'],
    ['a POST of the models', '/v1/models', post('{}'), 405, 'METHOD_NOT_ALLOWED', 'invalid_request_error'],
    ['models without a token', '/v1/models', {}, 401, 'UNAUTHENTICATED', 'authentication_error'],
    ['too large a body', path, post('x'.repeat(262_145)), 413, 'PAYLOAD_TOO_LARGE', 'invalid_request_error'],
    [
      'another media type',
      path,
      post('hi', { ...json, 'content-type': 'text/plain' }),
      415,
      'UNSUPPORTED_MEDIA_TYPE',
      'invalid_request_error',
    ],
    ['malformed JSON', path, post('{'), 400, 'INVALID_INPUT', 'invalid_request_error'],
    [
      'an unknown model',
      path,
      post(JSON.stringify(ask({ model: 'third' }))),
      400,
      'MODEL_NOT_ALLOWED',
      'invalid_request_error',
    ],
    [
      'an unknown cause',
      path,
      post('{}', { ...json, authorization: 'Bearer broken' }),
      500,
      'INTERNAL',
      'server_error',
    ],
  ])('%s: OpenAI’s shape, our code, CORS', async (_name, at, init, status, code, type) => {
    const { request, table, runs } = openAi([]);
    const response = await request(at, init);
    const body = (await response.json()) as { error: object };

    expect(response.status).toBe(status);
    expect(Object.keys(body)).toEqual(['error']);
    expect(Object.keys(body.error)).toEqual(['message', 'type', 'param', 'code']);
    expect(body.error).toMatchObject({ code, type });
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'x-should-retry': String(code === 'INTERNAL'),
      'x-request-id': 'r1',
      'access-control-allow-origin': '*',
    });
    expect([table.all('').length, runs.length]).toEqual([0, 0]);
  });

  it('names the parameter that is wrong', async () => {
    const response = await openAi([]).complete(ask({ n: 2 }));

    expect(await response.json()).toMatchObject({ error: { code: 'INVALID_INPUT', param: 'n' } });
  });
});

describe('GET /v1/models', () => {
  it('lists the configured models', async () => {
    const response = await door().get('/v1/models');

    expect(await response.json()).toEqual({
      object: 'list',
      data: ['first', 'second'].map((id) => ({
        ...{ id, object: 'model', created: 0, owned_by: 'appsync-chat' },
      })),
    });
  });
});
