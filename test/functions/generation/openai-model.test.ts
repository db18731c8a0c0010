import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { createOpenAiModel } from '../../../functions/generation/openai-model.ts';
import type { ModelMessage } from '../../../functions/generation/stream.ts';
import type { GenerationConfig } from '../../../functions/service/config.ts';
import { startOfflineModel, type OfflineModel } from '../../../local/model/index.ts';
import { CONFIG } from '../chat-fixture.ts';
import { sendChunks, startHttpServer } from '../http-server.ts';
import { ask, chunk, runModel, SHORT_IDLE, useServers, type ModelRunOptions } from './model-run.ts';

let offline: OfflineModel;
beforeAll(async () => (offline = await startOfflineModel({ host: '127.0.0.1' })));
afterAll(() => offline.close());

const serve = useServers();

/** A run against the offline model unless another is named. */
const run = (
  messages: readonly ModelMessage[],
  config: Partial<GenerationConfig> = {},
  options: ModelRunOptions = {},
) => runModel(messages, { baseUrl: `${offline.url}/v1`, ...config }, options);

const requestsSince = (id: number) =>
  offline.journal.snapshot().requests.filter((request) => request.id > id);
const lastId = () => offline.journal.snapshot().requests.at(-1)?.id ?? 0;
describe('the OpenAI model', () => {
  it('streams deltas, finish reason and the provider’s usage', async () => {
    const { events, models, error } = await run(
      ask('/tokens 3'),
      { maxOutputTokens: 50 },
      { model: 'second' },
    );

    expect(error).toBeUndefined();
    expect(events).toEqual([
      { kind: 'delta', part: 'TEXT', text: 'w1' },
      { kind: 'delta', part: 'TEXT', text: ' w2' },
      { kind: 'delta', part: 'TEXT', text: ' w3' },
      { kind: 'finish', reason: 'STOP' },
      {
        kind: 'usage',
        usage: {
          inputTokens: 3,
          outputTokens: 3,
          cachedInputTokens: null,
          reasoningTokens: null,
          source: 'PROVIDER',
          costUsd: null,
        },
      },
    ]);
    expect(models).toEqual(['second']);
    expect(offline.journal.snapshot().requests.at(-1)?.body).toMatchObject({
      model: 'second',
      stream: true,
      stream_options: { include_usage: true },
      max_tokens: 50,
    });
  });

  it('says LENGTH when the model stops at the token limit', async () => {
    const { events, text } = await run(ask('/tokens 9'), { maxOutputTokens: 2 });

    expect(text).toBe('w1 w2');
    expect(events).toContainEqual({ kind: 'finish', reason: 'LENGTH' });
  });

  it.each([
    [400, 'UPSTREAM_REJECTED', false],
    [401, 'UPSTREAM_AUTH', false],
    [403, 'UPSTREAM_AUTH', false],
    [404, 'UPSTREAM_REJECTED', false],
    [422, 'UPSTREAM_REJECTED', false],
    [408, 'UPSTREAM_TIMEOUT', true],
    [429, 'UPSTREAM_RATE_LIMITED', true],
    [500, 'UPSTREAM_UNAVAILABLE', true],
    [503, 'UPSTREAM_UNAVAILABLE', true],
  ])('answers %i with %s', async (status, code, isRetried) => {
    const before = lastId();
    const { error, events, models } = await run(ask(`/error ${status}`));

    expect(error).toMatchObject({ code, stage: 'upstream', retryable: isRetried });
    expect(events).toEqual([]);
    expect(models).toEqual(isRetried ? ['first', 'first', 'second'] : ['first']);
    expect(requestsSince(before)).toHaveLength(isRetried ? 3 : 1);
  });

  it('knows a context that is too long', async () => {
    const baseUrl = await serve((_request, response) => {
      response.writeHead(400, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ error: { message: 'too long', code: 'context_length_exceeded' } }));
    });

    expect((await run(ask('x'), { baseUrl })).error).toMatchObject({
      code: 'CONTEXT_TOO_LONG',
      retryable: false,
    });
  });

  it.each([
    ['a broken connection', '/cut 2', 'UPSTREAM_UNAVAILABLE'],
    ['an end without finish reason', '/truncate 2', 'UPSTREAM_TRUNCATED'],
    ['silence', '/stall 2', 'UPSTREAM_TIMEOUT'],
  ])('does not retry after text was emitted: %s', async (_name, prompt, code) => {
    const before = lastId();
    const { error, text } = await run(ask(prompt), {}, { idle: SHORT_IDLE });

    expect(text).toBe('w1 w2');
    expect(error).toMatchObject({ code, retryable: true });
    expect(requestsSince(before)).toHaveLength(1);
  });

  it.each([
    ['an end without finish reason', '/truncate 0', 'UPSTREAM_TRUNCATED'],
    ['silence', '/stall 0', 'UPSTREAM_TIMEOUT'],
  ])('retries and falls back while nothing was emitted: %s', async (_name, prompt, code) => {
    const before = lastId();
    const { error, text, models } = await run(ask(prompt), {}, { idle: SHORT_IDLE });

    expect(text).toBe('');
    expect(error).toMatchObject({ code });
    expect(models).toEqual(['first', 'first', 'second']);
    expect(requestsSince(before)).toHaveLength(3);
  });

  it('closes a silent request when it gives up', async () => {
    const before = lastId();
    await run(ask('/stall 1'), {}, { idle: SHORT_IDLE });

    await vi.waitFor(() =>
      expect(requestsSince(before)).toMatchObject([{ outcome: 'aborted', tokensSent: 1 }]),
    );
  });

  it('lets reasoning models be silent for longer', async () => {
    let answered = 0;
    const baseUrl = await serve((_request, response) => {
      answered += 1;
      response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
      setTimeout(
        () =>
          response.end(`data: ${JSON.stringify(chunk({ content: 'thought' }, 'stop'))}\n\ndata: [DONE]\n\n`),
        900,
      );
    });

    const idle = SHORT_IDLE;
    const thought = await run(ask('x'), { baseUrl, reasoningModels: ['first'] }, { idle });
    expect([thought.text, answered]).toEqual(['thought', 1]);
    expect((await run(ask('x'), { baseUrl, models: ['first'] }, { idle })).error).toMatchObject({
      code: 'UPSTREAM_TIMEOUT',
    });
  });

  it('stops the request upstream when it is aborted', async () => {
    const before = lastId();
    const stop = new AbortController();
    const { text, error } = await run(
      ask('/tokens 500 100'),
      {},
      {
        signal: stop.signal,
        onEvent: (event) => event.kind === 'delta' && event.text === ' w3' && stop.abort(),
      },
    );

    expect(text.startsWith('w1 w2 w3')).toBe(true);
    expect(error).toBeDefined();
    await vi.waitFor(() => expect(requestsSince(before)).toMatchObject([{ outcome: 'aborted' }]));
    expect(requestsSince(before)[0]?.tokensSent).toBeLessThan(50);
  });

  it('stops the request upstream when its reader leaves', async () => {
    const before = lastId();
    const model = createOpenAiModel({ ...CONFIG, baseUrl: `${offline.url}/v1` });
    const stream = model.stream({
      messages: ask('/tokens 500 100'),
      model: null,
      signal: new AbortController().signal,
      deadlineAt: Date.now() + 60_000,
      onModel: () => undefined,
    });
    for await (const event of stream) if (event.kind === 'delta') break;

    await vi.waitFor(() => expect(requestsSince(before)).toMatchObject([{ outcome: 'aborted' }]));
  });

  it('sends nothing when it is aborted before it begins, and waits for no retry', async () => {
    const before = lastId();
    const { events, models } = await run(ask('/tokens 3'), {}, { signal: AbortSignal.abort() });

    expect(events).toEqual([]);
    expect(models).toHaveLength(1);
    expect(requestsSince(before)).toEqual([]);
  });

  it('says UPSTREAM_UNAVAILABLE when nobody listens', async () => {
    const server = await startHttpServer(() => undefined);
    await server.close();

    expect((await run(ask('x'), { baseUrl: `${server.url}/v1` })).error).toMatchObject({
      code: 'UPSTREAM_UNAVAILABLE',
    });
  });

  it.each(['reasoning_content', 'reasoning'])('takes %s for reasoning', async (name) => {
    const baseUrl = await serve((_request, response) =>
      sendChunks(response, [
        chunk({ role: 'assistant', content: null, [name]: 'hm ' }),
        chunk({ [name]: 'yes' }),
        chunk({ content: 'answer' }),
        chunk({}, 'stop'),
        {
          choices: [],
          usage: {
            prompt_tokens: 5,
            completion_tokens: 9,
            prompt_tokens_details: { cached_tokens: 4 },
            completion_tokens_details: { reasoning_tokens: 3 },
          },
        },
      ]),
    );
    const { reasoning, text, events } = await run(ask('x'), { baseUrl });

    expect([reasoning, text]).toEqual(['hm yes', 'answer']);
    expect(events.at(-1)).toMatchObject({
      kind: 'usage',
      usage: { cachedInputTokens: 4, reasoningTokens: 3, source: 'PROVIDER' },
    });
  });

  it('does not fail for what breaks behind the finish reason', async () => {
    const baseUrl = await serve((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(`data: ${JSON.stringify(chunk({ content: 'whole' }, 'stop'))}\n\n`, () =>
        response.destroy(),
      );
    });
    const { text, error, events } = await run(ask('x'), { baseUrl });

    expect(error).toBeUndefined();
    expect(text).toBe('whole');
    expect(events.at(-1)).toEqual({ kind: 'finish', reason: 'STOP' });
  });

  it('says CONTENT_FILTER for a filtered answer: a finish, not an error', async () => {
    const baseUrl = await serve((_request, response) => sendChunks(response, [chunk({}, 'content_filter')]));
    const { events, error } = await run(ask('x'), { baseUrl });

    expect(error).toBeUndefined();
    expect(events).toEqual([{ kind: 'finish', reason: 'CONTENT_FILTER' }]);
  });

  it.each([
    ['malformed JSON', 'data: {"choices\n\n', 'UPSTREAM_REJECTED'],
    ['an error within the stream', 'data: {"error":{"message":"overloaded"}}\n\n', 'UPSTREAM_UNAVAILABLE'],
  ])('names %s by the closed list', async (_name, body, code) => {
    const baseUrl = await serve((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).end(body);
    });
    vi.spyOn(console, 'error').mockReturnValue();

    expect((await run(ask('x'), { baseUrl })).error).toMatchObject({ code });
    vi.restoreAllMocks();
  });
});

describe('the Bedrock model', () => {
  afterEach(() => void vi.unstubAllEnvs());

  it('signs requests with the function’s role and sends no key', async () => {
    const seen: { url: string | undefined; headers: Record<string, unknown> }[] = [];
    const baseUrl = await serve((request, response) => {
      seen.push({ url: request.url, headers: { ...request.headers } });
      sendChunks(response, [chunk({ content: 'hello' }), chunk({}, 'stop')]);
    });
    const environment = {
      AWS_BEDROCK_BASE_URL: baseUrl,
      AWS_REGION: 'eu-west-1',
      AWS_ACCESS_KEY_ID: 'ASIATEST',
      AWS_SECRET_ACCESS_KEY: 'secret',
      AWS_SESSION_TOKEN: 'session',
      OPENAI_API_KEY: 'sk-must-not-leave',
    };
    for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
    const { text, error } = await run(ask('x'), {
      provider: 'bedrock',
      baseUrl: undefined,
      apiKey: undefined,
    });

    expect(error?.cause).toBeUndefined();
    expect(text).toBe('hello');
    expect(seen).toHaveLength(1);
    expect(seen[0]?.url).toMatch(/\/chat\/completions$/);
    expect(seen[0]?.headers.authorization).toMatch(
      /^AWS4-HMAC-SHA256 Credential=ASIATEST\/\d{8}\/eu-west-1\/bedrock[a-z-]*\/aws4_request/,
    );
    expect(seen[0]?.headers['x-amz-security-token']).toBe('session');
    expect(JSON.stringify(seen)).not.toContain('sk-must-not-leave');
  });
});
