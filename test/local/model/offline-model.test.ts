import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { APIConnectionError, APIError, type OpenAI } from 'openai';
import { afterEach, describe, expect, it } from 'vitest';
import { NO_FAULTS } from '../../../local/faults/index.ts';
import { startOfflineModel } from '../../../local/model/index.ts';
import { CONTINUE_INSTRUCTION } from '../../../protocol/continue-instruction.ts';
import { ask, useOfflineModel } from './offline-client.ts';

const { model, openai } = useOfflineModel();

async function stream(
  content: string,
  signal?: AbortSignal,
  onDelta: (text: string) => void = () => undefined,
) {
  const deltas: string[] = [];
  let finishReason: string | undefined;
  let usage: OpenAI.CompletionUsage | undefined;
  let error: unknown;
  const models = new Set<string>();
  try {
    const chunks = await openai().chat.completions.create(
      { model: 'some-model', messages: ask(content), stream: true, stream_options: { include_usage: true } },
      { signal },
    );
    for await (const chunk of chunks) {
      models.add(chunk.model);
      const choice = chunk.choices[0];
      if (choice?.delta.content) {
        deltas.push(choice.delta.content);
        onDelta(choice.delta.content);
      }
      finishReason = choice?.finish_reason ?? finishReason;
      usage = chunk.usage ?? usage;
    }
  } catch (caught) {
    error = caught;
  }
  return { deltas, text: deltas.join(''), finishReason, usage, error, models: [...models] };
}

function lastRequest() {
  const request = model().journal.snapshot().requests.at(-1);
  if (!request) throw new Error('nothing was journalled');
  return request;
}

async function outcomeOf(id: number): Promise<string> {
  for (let poll = 0; poll < 400; poll += 1) {
    const answer = await fetch(`${model().url}/local-journal`);
    const { requests } = (await answer.json()) as { requests: { id: number; outcome: string }[] };
    const outcome = requests.find((request) => request.id === id)?.outcome ?? 'unknown';
    if (outcome !== 'running') return outcome;
  }
  return 'running';
}

describe('startOfflineModel', () => {
  it('streams one chunk a token, the usage, and the model that was asked for', async () => {
    const answer = await stream('/tokens 5');

    expect(answer).toEqual({
      deltas: ['w1', ' w2', ' w3', ' w4', ' w5'],
      text: 'w1 w2 w3 w4 w5',
      finishReason: 'stop',
      usage: { prompt_tokens: 3, completion_tokens: 5, total_tokens: 8 },
      error: undefined,
      models: ['some-model'],
    });
    expect(lastRequest()).toMatchObject({
      prompt: '/tokens 5',
      tokensSent: 5,
      outcome: 'complete',
      stream: true,
    });
  });

  it('frames its events as OpenAI does', async () => {
    const response = await fetch(`${model().url}/v1/chat/completions`, {
      method: 'POST',
      body: JSON.stringify({ model: 'm', messages: ask('/tokens 1'), stream: true }),
    });

    const events = (await response.text()).split('\n\n');
    const identity = JSON.parse(events[0]?.slice('data: '.length) ?? '') as { id: string; created: number };
    const chunk = (delta: object, finish_reason: string | null) =>
      `data: ${JSON.stringify({
        id: identity.id,
        object: 'chat.completion.chunk',
        created: identity.created,
        model: 'm',
        choices: [{ index: 0, delta, logprobs: null, finish_reason }],
      })}`;
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(events).toEqual([
      chunk({ role: 'assistant', content: '' }, null),
      chunk({ content: 'w1' }, null),
      chunk({}, 'stop'),
      'data: [DONE]',
      '',
    ]);
  });

  it('echoes any text exactly, in small pieces', async () => {
    const text = ' Zoë 👩‍👩‍👧‍👦 said:\n\n```js\nconst π = "\u2028";\n```\n\0日本語 data: [DONE]\n\n';

    const answer = await stream(`/echo ${text}`);

    expect(answer.text).toBe(text);
    expect(answer.deltas.length).toBeGreaterThan(5);
    expect(answer.error).toBeUndefined();
  });

  it('streams 10,000 tokens as fast as they are read', async () => {
    const answer = await stream('/tokens 10000');

    expect(answer.text).toBe(Array.from({ length: 10_000 }, (_, index) => `w${index + 1}`).join(' '));
    expect(answer.deltas).toHaveLength(10_000);
  });

  it('keeps the rate of each request', async () => {
    const startedAt = performance.now();
    const times: number[] = [];

    await stream('/tokens 11 50', undefined, () => times.push(performance.now() - startedAt));

    // From the request on: a busy machine may notice the first token late, but none comes before its time.
    const last = times.at(-1) ?? 0;
    expect(last).toBeGreaterThan(195);
    expect(last).toBeLessThan(5_000);
  });

  it('answers whole without stream', async () => {
    const completion = await openai().chat.completions.create({ model: 'm', messages: ask('/echo Hé 🚀') });

    expect(completion.choices[0]).toMatchObject({
      finish_reason: 'stop',
      message: { role: 'assistant', content: 'Hé 🚀' },
    });
    expect(completion.usage).toEqual({ prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 });
    expect(completion.model).toBe('m');
  });

  it('answers the last user message and quotes it', async () => {
    const completion = await openai().chat.completions.create({
      model: 'm',
      messages: [
        { role: 'system', content: '/error 500' },
        ...ask('first question'),
        { role: 'assistant', content: 'an answer' },
        { role: 'user', content: [{ type: 'text', text: 'second question' }] },
      ],
    });

    expect(completion.choices[0]?.message.content).toContain('> second question');
    expect(completion.choices[0]?.message.content).not.toContain('first question');
  });

  it('goes on with its answer when the last turn is the instruction to', async () => {
    const completion = await openai().chat.completions.create({
      model: 'm',
      messages: [
        ...ask('/tokens 5'),
        { role: 'assistant', content: 'w1 w2 ' },
        { role: 'user', content: CONTINUE_INSTRUCTION },
      ],
    });

    expect(completion.choices[0]?.message.content).toBe('w3 w4 w5');
  });

  it('takes the instruction without an answer before it for a question', async () => {
    const completion = await openai().chat.completions.create({
      model: 'm',
      messages: ask(CONTINUE_INSTRUCTION),
    });

    expect(completion.choices[0]?.message.content).toContain('> Your answer was cut off.');
  });

  it('ends with the reason length at max_completion_tokens', async () => {
    const completion = await openai().chat.completions.create({
      model: 'm',
      messages: ask('/tokens 10'),
      max_completion_tokens: 2,
    });

    expect(completion.choices[0]).toMatchObject({ finish_reason: 'length', message: { content: 'w1 w2' } });
  });

  it.each([
    [400, 'BadRequestError', 'invalid_request_error'],
    [401, 'AuthenticationError', 'invalid_request_error'],
    [404, 'NotFoundError', 'invalid_request_error'],
    [429, 'RateLimitError', 'requests'],
    [500, 'InternalServerError', 'server_error'],
    [503, 'InternalServerError', 'server_error'],
  ])('answers %i in the shape the SDK knows as %s', async (status, name, type) => {
    const { error } = await stream(`/error ${status}`);

    expect(error).toBeInstanceOf(APIError);
    const apiError = error as APIError;
    expect(apiError.constructor.name).toBe(name);
    expect(apiError).toMatchObject({
      status,
      type,
      message: expect.stringContaining('as it was told to') as unknown,
    });
    expect(apiError.headers?.get('retry-after')).toBe(status === 429 ? '1' : null);
    expect(lastRequest()).toMatchObject({ outcome: 'error', tokensSent: 0 });
  });

  it('cuts the connection after exactly N tokens', async () => {
    const answer = await stream('/cut 3');

    expect(answer.text).toBe('w1 w2 w3');
    expect(answer.error).toBeInstanceOf(Error);
    expect(answer.finishReason).toBeUndefined();
    expect(lastRequest()).toMatchObject({ outcome: 'cut', tokensSent: 3 });
  });

  it('breaks a request that does not stream when told to cut', async () => {
    const asking = openai().chat.completions.create({ model: 'm', messages: ask('/cut 3') });

    await expect(asking).rejects.toBeInstanceOf(APIConnectionError);
  });

  it('truncates cleanly: no error, no finish reason, no [DONE]', async () => {
    const answer = await stream('/truncate 3');
    const raw = await fetch(`${model().url}/v1/chat/completions`, {
      method: 'POST',
      body: JSON.stringify({ model: 'm', messages: ask('/truncate 0'), stream: true }),
    });

    expect(answer).toMatchObject({
      text: 'w1 w2 w3',
      finishReason: undefined,
      usage: undefined,
      error: undefined,
    });
    expect(await raw.text()).not.toContain('[DONE]');
    expect(lastRequest().outcome).toBe('truncated');
  });

  it('stalls after N tokens until the client leaves, and journals the abort', async () => {
    const leave = new AbortController();

    const answer = await stream('/stall 2', leave.signal, (delta) => {
      if (delta === ' w2') leave.abort();
    });

    expect(answer.text).toBe('w1 w2');
    expect(await outcomeOf(lastRequest().id)).toBe('aborted');
    expect(lastRequest().tokensSent).toBe(2);
  });

  it('stops sending when the client leaves in the middle', async () => {
    const leave = new AbortController();

    await stream('/tokens 1000 200', leave.signal, (delta) => {
      if (delta === ' w4') leave.abort();
    });

    expect(await outcomeOf(lastRequest().id)).toBe('aborted');
    expect(lastRequest().tokensSent).toBeGreaterThanOrEqual(4);
    expect(lastRequest().tokensSent).toBeLessThan(100);
  });

  it('does not run ahead of a client that does not read', async () => {
    const asking = request(`${model().url}/v1/chat/completions`, { method: 'POST' });
    asking.end(JSON.stringify({ model: 'm'.repeat(10_000), messages: ask('/tokens 10000'), stream: true }));
    const [response] = (await once(asking, 'response')) as [IncomingMessage];
    response.pause();

    let before = -1;
    let unchangedPolls = 0;
    for (let poll = 0; poll < 20_000 && unchangedPolls < 50; poll += 1) {
      const { tokensSent } = lastRequest();
      unchangedPolls = tokensSent === before ? unchangedPolls + 1 : 0;
      before = tokensSent;
      await fetch(`${model().url}/local-journal`, { method: 'PUT' }).then((answer) => answer.arrayBuffer());
    }
    expect(unchangedPolls).toBe(50);
    expect(lastRequest().tokensSent).toBeLessThan(10_000);

    asking.on('error', () => undefined);
    response.on('error', () => undefined);
    asking.destroy();
    expect(await outcomeOf(lastRequest().id)).toBe('aborted');
  });

  it.each([
    ['no JSON', '{', 'parse the JSON'],
    ['no object', '[]', 'must be a JSON object'],
    ['no model', '{"messages":[]}', 'model parameter'],
    ['no messages', '{"model":"m"}', "Missing required parameter: 'messages'"],
  ])('refuses %s with 400 and OpenAI’s error body', async (_, body, message) => {
    const response = await fetch(`${model().url}/v1/chat/completions`, { method: 'POST', body });

    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      error: {
        message: expect.stringContaining(message) as unknown,
        type: 'invalid_request_error',
        param: null,
        code: null,
      },
    });
  });

  it('shows the journal over HTTP and empties it', async () => {
    await stream('/tokens 1');

    const full = (await (await fetch(`${model().url}/local-journal`)).json()) as { requests: unknown[] };
    const emptied = await fetch(`${model().url}/local-journal`, { method: 'DELETE' });
    const empty = (await (await fetch(`${model().url}/local-journal`)).json()) as unknown;

    expect(full.requests.at(-1)).toMatchObject({
      prompt: '/tokens 1',
      body: { model: 'some-model', messages: ask('/tokens 1') },
    });
    expect(emptied.status).toBe(204);
    expect(empty).toEqual({ count: 0, requests: [] });
  });

  it('closes although a request stalls', async () => {
    const closing = await startOfflineModel({ host: '127.0.0.1' });
    const response = await fetch(`${closing.url}/v1/chat/completions`, {
      method: 'POST',
      body: JSON.stringify({ model: 'm', messages: ask('/stall 0'), stream: true }),
    });
    const reading = response.text();

    await Promise.all([closing.close(), expect(reading).rejects.toThrow()]);

    expect(closing.journal.snapshot().requests[0]?.outcome).toBe('aborted');
  });
});

describe('random faults', () => {
  const withFaults = (faults: Partial<typeof NO_FAULTS.model>, seed = 1) =>
    model().setFaults({ seed, model: { ...NO_FAULTS.model, ...faults } });
  const counted = (name: 'error' | 'cut' | 'truncate') => model().injectedFaults()[`model.${name}`] ?? 0;

  afterEach(() => model().setFaults(NO_FAULTS));

  it('answer 429 with a time to wait, or 500, before the first token', async () => {
    const before = counted('error');
    withFaults({ error: 1 });
    const errors = [];
    for (let request = 0; request < 10; request += 1) errors.push((await stream('/tokens 3')).error);

    expect(errors.every((error) => error instanceof APIError)).toBe(true);
    const answers = errors.map((error) => ({
      status: (error as APIError).status,
      wait: ((error as APIError).headers as Headers).get('retry-after'),
    }));
    expect(answers).toContainEqual({ status: 429, wait: '1' });
    expect(answers).toContainEqual({ status: 500, wait: null });
    expect(counted('error')).toBe(before + 10);
  });

  it('cut and truncate answers, and leave the next one whole', async () => {
    withFaults({ cut: 1 });
    const cut = await stream('/tokens 30');
    withFaults({ truncate: 1 });
    const truncated = await stream('/tokens 30');
    model().setFaults(NO_FAULTS);
    const whole = await stream('/tokens 30');

    expect(whole.finishReason).toBe('stop');
    expect(cut.error).toBeDefined();
    expect(truncated).toMatchObject({ error: undefined, finishReason: undefined });
    for (const { text } of [cut, truncated]) expect(whole.text.startsWith(text)).toBe(true);
    expect([counted('cut'), counted('truncate')]).toEqual([1, 1]);
  });

  it('do not touch what a command asked for', async () => {
    const before = model().injectedFaults();
    withFaults({ error: 1, cut: 1 });

    expect((await stream('/error 418')).error).toMatchObject({ status: 418 });
    expect(model().injectedFaults()).toEqual(before);
  });
});
