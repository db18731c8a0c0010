import { describe, expect, it } from 'vitest';
import { CompletionAssembler } from '../../../../functions/http/openai/assemble.ts';
import { knownChunk } from '../../../../functions/http/openai/known-keys.ts';
import { chunkOf, STOPPED, USAGE } from './scripted-completions.ts';

describe('knownChunk', () => {
  it('leaves a chunk of OpenAI as it is', () => {
    const call = { index: 0, id: 'c1', type: 'function', function: { name: 'now', arguments: '{' } };
    const logprobs = {
      content: [{ token: 'a', logprob: -0.1, bytes: [97], top_logprobs: [] }],
      refusal: null,
    };
    for (const chunk of [
      chunkOf({ role: 'assistant', content: '' }),
      chunkOf({ content: 'Grüße' }, null, { system_fingerprint: 'fp', service_tier: 'default' }),
      chunkOf({ refusal: 'no' }),
      chunkOf({ tool_calls: [call] }),
      chunkOf({}, null, { choices: [{ index: 0, delta: { content: 'a' }, logprobs, finish_reason: null }] }),
      STOPPED,
    ])
      expect(knownChunk(chunk, false)).toEqual(chunk);
    for (const chunk of [chunkOf({ content: 'a' }, null, { usage: null }), USAGE])
      expect(knownChunk(chunk, true)).toEqual(chunk);
  });

  it('drops the keys that providers add, at every level', () => {
    const call = { index: 0, function: { arguments: '{}', parsed: {} }, extra: 1 };
    const chunk = chunkOf({ content: 'a', reasoning_content: 'hm', tool_calls: [call] }, 'stop', {
      ...{ provider: 'x', obfuscation: 'abc' },
      usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3, cost: 4, x: { y: 1 } },
    });
    Object.assign(chunk.choices[0] ?? {}, { native_finish_reason: 'eos' });

    expect(knownChunk(chunk, true)).toEqual({
      ...chunkOf({ content: 'a', tool_calls: [{ index: 0, function: { arguments: '{}' } }] }, 'stop'),
      usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 },
    });
  });

  it('leaves out what says nothing: a thought, and usage that nobody asked for', () => {
    expect(knownChunk(chunkOf({ reasoning_content: 'hm' }), false)).toBeUndefined();
    expect(knownChunk(USAGE, false)).toBeUndefined();
    expect(knownChunk(chunkOf({}, null, { choices: [], prompt_filter_results: [] }), true)).toBeUndefined();
    expect(knownChunk(chunkOf({}, 'stop', { usage: USAGE.usage }), false)).toEqual(STOPPED);
  });
});

describe('CompletionAssembler', () => {
  const assembled = (...chunks: ReturnType<typeof chunkOf>[]) => {
    const assembler = new CompletionAssembler();
    for (const chunk of chunks) assembler.add(chunk);
    return assembler.completion();
  };

  it('joins text, refusal and log probabilities, and keeps the usage', () => {
    const token = (text: string) => ({ token: text, logprob: -1, bytes: null, top_logprobs: [] });
    const piece = (text: string) =>
      chunkOf({}, null, {
        choices: [
          {
            ...{ index: 0, delta: { content: text }, finish_reason: null },
            logprobs: { content: [token(text)], refusal: null },
          },
        ],
      });

    expect(
      assembled(chunkOf({ role: 'assistant', content: '' }), piece('Grü'), piece('ße'), STOPPED, USAGE),
    ).toEqual({
      ...{ id: 'chatcmpl-1', object: 'chat.completion', created: 1_893_456_000, model: 'first' },
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: 'Grüße', refusal: null },
          logprobs: { content: [token('Grü'), token('ße')], refusal: null },
          finish_reason: 'stop',
        },
      ],
      usage: USAGE.usage,
    });
    expect(assembled(chunkOf({ refusal: 'I ' }), chunkOf({ refusal: 'cannot' })).choices[0]?.message).toEqual(
      {
        ...{ role: 'assistant', content: null, refusal: 'I cannot' },
      },
    );
  });

  it('joins the arguments of each tool call', () => {
    const call = (index: number, given: object, rest: object = {}) =>
      chunkOf({ tool_calls: [{ index, ...rest, function: given }] });
    const { choices } = assembled(
      chunkOf({ role: 'assistant', content: '' }),
      call(0, { name: 'now', arguments: '' }, { id: 'c1', type: 'function' }),
      call(1, { name: 'sum', arguments: '{"a"' }, { id: 'c2', type: 'function' }),
      call(0, { arguments: '{}' }),
      call(1, { arguments: ':1}' }),
      chunkOf({}, 'tool_calls'),
    );

    expect(choices[0]).toMatchObject({
      finish_reason: 'tool_calls',
      message: {
        content: null,
        tool_calls: [
          { id: 'c1', type: 'function', function: { name: 'now', arguments: '{}' } },
          { id: 'c2', type: 'function', function: { name: 'sum', arguments: '{"a":1}' } },
        ],
      },
    });
  });

  it('joins the input of a custom tool', () => {
    const call = (given: object, rest: object = {}) =>
      chunkOf({ tool_calls: [{ index: 0, ...rest, custom: given }] });
    const { choices } = assembled(
      call({ name: 'sql', input: 'SELECT' }, { id: 'c1', type: 'custom' }),
      call({ input: ' 1' }),
    );

    expect(choices[0]?.message.tool_calls).toEqual([
      { id: 'c1', type: 'custom', custom: { name: 'sql', input: 'SELECT 1' } },
    ]);
  });
});
