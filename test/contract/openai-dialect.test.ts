import {
  APIError,
  APIUserAbortError,
  AuthenticationError,
  BadRequestError,
  InternalServerError,
  NotFoundError,
  RateLimitError,
} from 'openai';
import { VERSION } from 'openai/version';
import { describe, expect, it } from 'vitest';
import { ask, openAiOn, tapped } from './openai-client.ts';
import { countedText } from './streamed-answer.ts';
import { useLocalTarget } from './target.ts';

process.stdout.write(`openai ${VERSION}\n`);

const target = useLocalTarget();
const { caller, client, journalled } = openAiOn(target);

describe('the openai package on the HTTP door, without a conversation', () => {
  it('streams one chunk for each token of the model, and usage when asked for', async () => {
    const tap = tapped();
    const openai = await client({ fetch: tap.fetch });
    const stream = await openai.chat.completions.create({
      ...ask('/tokens 40 200'),
      stream: true,
      stream_options: { include_usage: true },
    });
    const deltas: string[] = [];
    let finish: string | null = null;
    let outputTokens: number | undefined;
    for await (const { choices, usage } of stream) {
      if (choices[0]?.delta.content) deltas.push(choices[0].delta.content);
      finish = choices[0]?.finish_reason ?? finish;
      outputTokens = usage?.completion_tokens ?? outputTokens;
    }

    expect(deltas).toHaveLength(40);
    expect([deltas.join(''), finish, outputTokens]).toEqual([countedText(40), 'stop', 40]);
    const body = (await tap.bodies[0]) ?? '';
    expect(body).not.toMatch(/^id:/m);
    expect(body.endsWith('data: [DONE]\n\n')).toBe(true);
  });

  it('passes the offline model through unchanged', async () => {
    const answers = [`${target().stack.offlineModelUrl}/v1`, `${target().httpUrl}/v1`].map(
      async (baseURL) => {
        const openai = await client({ baseURL });
        const stream = await openai.chat.completions.create({
          ...ask('/echo Grüße 👩‍💻\n\ndata: x'),
          stream: true,
          stream_options: { include_usage: true },
        });
        const chunks: object[] = [];
        for await (const chunk of stream) chunks.push({ ...chunk, id: '', created: 0 });
        return chunks;
      },
    );
    const [direct, passed] = await Promise.all(answers);

    expect(passed).toEqual(direct);
  });

  it('feeds the streaming helper', async () => {
    const openai = await client();
    const stream = openai.chat.completions.stream(ask('/echo häß 🙂 end'));
    const snapshots: string[] = [];
    stream.on('content', (_delta, snapshot) => snapshots.push(snapshot));

    expect(await stream.finalContent()).toBe('häß 🙂 end');
    expect((await stream.finalChatCompletion()).choices[0]?.finish_reason).toBe('stop');
    expect(snapshots.at(-1)).toBe('häß 🙂 end');
  });

  it('answers whole without streaming, and hands the model what the body says', async () => {
    const openai = await client();
    const prompt = `/tokens 9`;
    const messages = [
      { role: 'system' as const, content: 'Count.' },
      { role: 'user' as const, content: 'before' },
      { role: 'assistant' as const, content: 'yes' },
      ...ask(prompt).messages,
    ];
    const completion = await openai.chat.completions.create({
      ...{ model: 'offline', messages, temperature: 0.5, max_completion_tokens: 4 },
    });

    expect(completion).toMatchObject({
      object: 'chat.completion',
      model: 'offline',
      choices: [{ message: { role: 'assistant', content: countedText(4) }, finish_reason: 'length' }],
      usage: { completion_tokens: 4 },
    });
    const [request] = await journalled(prompt);
    expect(request?.body).toMatchObject({ messages, temperature: 0.5, max_tokens: 4 });
  });

  it('carries a tool call and its result, streaming and not', async () => {
    const openai = await client();
    const { messages } = ask('/call now {"zone": "Europe/Zürich", "digits": 12}');
    const tools = [{ type: 'function' as const, function: { name: 'now', parameters: { type: 'object' } } }];
    const request = { model: 'offline', messages, tools, tool_choice: 'auto' as const };
    const whole = (await openai.chat.completions.create(request)).choices[0];
    const streamed = await openai.chat.completions.stream(request).finalMessage();

    const given = '{"zone": "Europe/Zürich", "digits": 12}';
    const called = [{ type: 'function', function: { name: 'now', arguments: given } }];
    expect(whole).toMatchObject({
      finish_reason: 'tool_calls',
      message: { content: null, tool_calls: called },
    });
    expect(streamed).toMatchObject({ content: null, tool_calls: called });
    const id = streamed.tool_calls?.[0]?.id ?? '';
    expect(id).not.toBe('');
    const said = [
      { role: 'assistant' as const, content: null, tool_calls: streamed.tool_calls },
      { role: 'tool' as const, tool_call_id: id, content: 'half past twelve' },
    ];
    const after = await openai.chat.completions.create({ ...request, messages: [...messages, ...said] });
    expect(after.choices[0]?.message.content).toBe('half past twelve');
  });

  it('stores nothing', async () => {
    const before = await (await caller()).call('conversations', {});
    await (await client()).chat.completions.create(ask('/echo nothing of this stays'));

    expect(await (await caller()).call('conversations', {})).toEqual(before);
  });

  it('is aborted by the client, and the door goes on', async () => {
    const openai = await client();
    const stream = openai.chat.completions.stream(ask('/tokens 400 100'));
    stream.on('content', () => stream.abort());

    await expect(stream.finalContent()).rejects.toBeInstanceOf(APIUserAbortError);
    const plain = await openai.chat.completions.create({ ...ask('/tokens 400 100'), stream: true });
    for await (const chunk of plain) if (chunk.choices[0]?.delta.content === ' w3') break;
    expect(plain.controller.signal.aborted).toBe(true);
    expect((await openai.chat.completions.create(ask('/echo on'))).choices[0]?.message.content).toBe('on');
  });

  it('says in the stream what fails after the first text', async () => {
    const openai = await client();
    for (const [prompt, code] of [
      ['/truncate 5', 'UPSTREAM_TRUNCATED'],
      ['/cut 5', 'UPSTREAM_UNAVAILABLE'],
    ] as const) {
      const stream = await openai.chat.completions.create({ ...ask(prompt), stream: true });
      let text = '';
      const reading = (async () => {
        for await (const { choices } of stream) text += choices[0]?.delta.content ?? '';
      })();

      await expect(reading).rejects.toBeInstanceOf(APIError);
      await expect(reading).rejects.toMatchObject({ code, type: 'server_error', param: null });
      expect(text).toBe(countedText(5));
    }
  });
});

describe('the errors of the openai package on the HTTP door', () => {
  it.each([true, false])('have the class of their status (stream: %s)', async (stream) => {
    const openai = await client();
    const create = (body: object, from = openai) =>
      from.chat.completions.create({ ...ask('/echo x'), ...body, stream } as never) as Promise<unknown>;

    for (const [body, type, status, code] of [
      [{ n: 2 }, BadRequestError, 400, 'INVALID_INPUT'],
      [{ temprature: 1 }, BadRequestError, 400, 'INVALID_INPUT'],
      [{ model: 'other' }, BadRequestError, 400, 'MODEL_NOT_ALLOWED'],
      [ask('x'.repeat(262_144)), APIError, 413, 'PAYLOAD_TOO_LARGE'],
      [ask('/error 429'), RateLimitError, 429, 'UPSTREAM_RATE_LIMITED'],
      [ask('/error 500'), InternalServerError, 503, 'UPSTREAM_UNAVAILABLE'],
      [ask('/error 400'), InternalServerError, 502, 'UPSTREAM_REJECTED'],
      [ask('/error 401'), InternalServerError, 500, 'UPSTREAM_AUTH'],
    ] as const) {
      const failed = create(body);
      await expect(failed).rejects.toBeInstanceOf(type);
      await expect(failed).rejects.toMatchObject({ status, code });
    }
    const stranger = create({}, await client({ apiKey: 'broken' }));
    await expect(stranger).rejects.toBeInstanceOf(AuthenticationError);
    await expect(stranger).rejects.toMatchObject({ status: 401, code: 'UNAUTHENTICATED' });
  });

  it('are a NotFoundError for what is not there', async () => {
    const openai = await client();

    await expect(openai.embeddings.create({ model: 'offline', input: 'x' })).rejects.toBeInstanceOf(
      NotFoundError,
    );
    await expect(openai.get('/chat/completions')).rejects.toMatchObject({
      status: 405,
      code: 'METHOD_NOT_ALLOWED',
    });
  });

  it('carry the request id, and let the package repeat only what can help', async () => {
    const tap = tapped();
    const openai = await client({ fetch: tap.fetch, maxRetries: 1 });
    const rejected = openai.chat.completions.create(ask('/error 400'));
    await expect(rejected).rejects.toMatchObject({ requestID: expect.stringMatching(/./) as string });
    expect(tap.responses.map(({ status }) => status)).toEqual([502]);
    await expect(openai.chat.completions.create(ask('/error 503'))).rejects.toMatchObject({ status: 503 });

    expect(tap.responses.map(({ status }) => status)).toEqual([502, 503, 503]);
  });
});

describe('the models of the openai package', () => {
  it('are the configured ones', async () => {
    const openai = await client();
    const models: string[] = [];
    for await (const model of openai.models.list()) models.push(model.id);

    expect(models).toEqual(['offline']);
    const stranger = await client({ apiKey: 'broken' });
    await expect(stranger.models.list()).rejects.toBeInstanceOf(AuthenticationError);
  });
});
