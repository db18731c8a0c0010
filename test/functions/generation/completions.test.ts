import type { ChatCompletionChunk } from 'openai/resources/chat/completions';
import { describe, expect, it } from 'vitest';
import { createCompletions, type CompletionRun } from '../../../functions/generation/completions.ts';
import type { GenerationConfig } from '../../../functions/service/config.ts';
import { isChatError, type ChatError } from '../../../protocol/errors.ts';
import { CONFIG } from '../chat-fixture.ts';
import { bodyOf, sendChunks } from '../http-server.ts';
import { ask, chunk, useServers } from './model-run.ts';

const serve = useServers();
const ROLE = chunk({ role: 'assistant', content: '' });
const called = (given: string) => chunk({ tool_calls: [{ index: 0, function: { arguments: given } }] });

/** One run to its end. */
async function run(config: Partial<GenerationConfig>, change: Partial<CompletionRun> = {}) {
  const chunks: ChatCompletionChunk[] = [];
  let error: ChatError | undefined;
  try {
    const given: CompletionRun = {
      fields: { messages: ask('x') },
      ...{ model: 'first', signal: new AbortController().signal, deadlineAt: Date.now() + 60_000 },
      ...change,
    };
    for await (const next of createCompletions({ ...CONFIG, ...config }).stream(given)) chunks.push(next);
  } catch (caught) {
    if (!isChatError(caught)) throw caught;
    error = caught;
  }
  return { chunks, error };
}

/** A server that answers each request with the next of these lists of chunks, and what it was asked. */
async function scripted(...answers: readonly (readonly object[])[]) {
  const asked: Record<string, unknown>[] = [];
  const baseUrl = await serve((request, response) => {
    void bodyOf(request).then((body) => {
      asked.push(JSON.parse(body) as Record<string, unknown>);
      sendChunks(response, answers[asked.length - 1] ?? []);
    });
  });
  return { asked, baseUrl };
}

describe('createCompletions', () => {
  it('gives the chunks as they come', async () => {
    const answer = [ROLE, chunk({ content: 'hello' }), chunk({}, 'stop'), { choices: [], usage: {} }];

    expect(await run(await scripted(answer))).toEqual({ chunks: answer, error: undefined });
  });

  it('keeps back how an answer begins that fails before it says anything', async () => {
    const answer = [ROLE, chunk({ content: 'hello' }), chunk({}, 'stop')];
    const { baseUrl, asked } = await scripted([ROLE, chunk({})], answer);

    expect(await run({ baseUrl })).toEqual({ chunks: answer, error: undefined });
    expect(asked).toHaveLength(2);
  });

  it.each([
    ['a tool call', called('{')],
    ['a refusal', chunk({ refusal: 'no' })],
    ['a thought', chunk({ reasoning_content: 'hm' })],
  ])('asks no second time after %s', async (_name, said) => {
    const { baseUrl, asked } = await scripted([ROLE, said]);
    const { chunks, error } = await run({ baseUrl });

    expect(chunks).toEqual([ROLE, said]);
    expect(error?.code).toBe('UPSTREAM_TRUNCATED');
    expect(asked).toHaveLength(1);
  });

  it('takes the end of an answer without text for one', async () => {
    const answer = [ROLE, chunk({}, 'content_filter')];

    expect(await run(await scripted(answer))).toEqual({ chunks: answer, error: undefined });
  });

  it('takes a last chunk without a delta, as some providers send it', async () => {
    const last = { choices: [{ index: 0, finish_reason: 'stop' }] };
    const { chunks, error } = await run(await scripted([chunk({ content: 'hello' }), last]));

    expect(error).toBeUndefined();
    expect(chunks.at(-1)).toEqual(chunk({}, 'stop'));
  });

  it.each([
    [undefined, undefined, undefined],
    [5, undefined, 5],
    [undefined, 7, 7],
    [5, 7, 5],
    [9, 7, 7],
  ])('of a limit of %s and a configured one of %s the lower counts', async (maxTokens, configured, sent) => {
    const { baseUrl, asked } = await scripted([chunk({ content: 'x' }, 'stop')]);
    await run({ baseUrl, maxOutputTokens: configured }, { maxTokens });

    expect(asked[0]?.max_tokens).toBe(sent);
  });

  it('asks for what the fields say, for usage, and for one stream', async () => {
    const { baseUrl, asked } = await scripted([chunk({ content: 'x' }, 'stop')]);
    const tools = [{ type: 'function' as const, function: { name: 'now' } }];
    await run({ baseUrl }, { fields: { messages: ask('x'), tools, temperature: 0 } });

    expect(asked).toEqual([
      {
        ...{ messages: ask('x'), tools, temperature: 0 },
        ...{ model: 'first', stream: true, stream_options: { include_usage: true } },
      },
    ]);
  });

  it.each([
    ['a choice without a delta', { choices: [{ index: 0, finish_reason: null }] }],
    ['a chunk without choices', { id: 'x' }],
  ])('names %s a failure of the model', async (_name, malformed) => {
    const { baseUrl } = await scripted([malformed], [malformed]);

    expect((await run({ baseUrl, fallbackModels: [] })).error?.stage).toBe('upstream');
  });
});
