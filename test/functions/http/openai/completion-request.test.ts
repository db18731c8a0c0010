import { describe, expect, it } from 'vitest';
import {
  completionRequest,
  storedText,
  WrongParameter,
} from '../../../../functions/http/openai/completion-request.ts';
import { isChatError } from '../../../../protocol/errors.ts';
import { ask } from './scripted-completions.ts';

const read = (json: unknown) => completionRequest(json, ['first', 'second']);

function refusal(work: () => unknown) {
  try {
    work();
  } catch (error) {
    if (!isChatError(error)) throw error;
    return [error.code, error.cause instanceof WrongParameter ? error.cause.param : null];
  }
  return undefined;
}

describe('completionRequest', () => {
  it('hands on what shapes the answer, as it is', () => {
    const tool = { type: 'function', function: { name: 'now', parameters: { type: 'object' } } };
    const messages = [
      { role: 'developer', content: 'Be brief.' },
      { role: 'user', content: [{ type: 'image_url', image_url: { url: 'data:,' } }] },
      { role: 'assistant', content: null, tool_calls: [{ id: 'c1', type: 'function' }] },
      { role: 'tool', tool_call_id: 'c1', content: '12' },
    ];
    const fields = {
      ...{ temperature: 0.2, top_p: 1, seed: 7, stop: ['\n'], logit_bias: { 50256: -100 } },
      ...{ tools: [tool], tool_choice: 'auto', parallel_tool_calls: false },
      ...{ response_format: { type: 'json_object' }, user: 'u1', prompt_cache_options: { ttl: '30m' } },
    };

    expect(read({ model: 'second', messages, ...fields })).toEqual({
      ...{ model: 'second', isStreamed: false, includesUsage: false, maxTokens: undefined },
      fields: { messages, ...fields },
    });
  });

  it('takes what SDKs send as a matter of course for nothing', () => {
    const idle = { n: 1, store: false, modalities: ['text'], service_tier: 'auto', temperature: null };

    expect(read(ask(idle)).fields).toEqual({ messages: [{ role: 'user', content: 'hi' }] });
  });

  it.each([
    [{ max_tokens: 5 }, 5],
    [{ max_completion_tokens: 6 }, 6],
    [{ max_tokens: null }, undefined],
  ])('knows the limit %j', (limit, maxTokens) => {
    expect(read(ask(limit)).maxTokens).toBe(maxTokens);
  });

  it('knows how the answer is wanted', () => {
    const wanted = ask({ stream: true, stream_options: { include_usage: true, include_obfuscation: true } });

    expect(read(wanted)).toMatchObject({ isStreamed: true, includesUsage: true });
  });

  it.each<[string, unknown, string | null]>([
    ['a list', [], 'model'],
    ['nothing', null, null],
    ['no model', { messages: ask().messages }, 'model'],
    ['an empty model', ask({ model: '' }), 'model'],
    ['no messages', { model: 'first' }, 'messages'],
    ['an empty list of messages', ask({ messages: [] }), 'messages'],
    ['an unknown role', ask({ messages: [{ role: 'robot', content: 'x' }] }), 'messages'],
    ['a field that OpenAI does not know', ask({ temprature: 1 }), 'temprature'],
    ['several answers', ask({ n: 2 }), 'n'],
    ['an answer stored elsewhere', ask({ store: true }), 'store'],
    ['metadata of it', ask({ metadata: {} }), 'metadata'],
    ['audio', ask({ modalities: ['text', 'audio'] }), 'modalities'],
    ['a voice', ask({ audio: { voice: 'alloy', format: 'mp3' } }), 'audio'],
    ['web search', ask({ web_search_options: {} }), 'web_search_options'],
    ['a dearer tier', ask({ service_tier: 'priority' }), 'service_tier'],
    ['functions as they once were', ask({ functions: [] }), 'functions'],
    ['two limits', ask({ max_tokens: 1, max_completion_tokens: 1 }), 'max_tokens'],
    ['a limit of none', ask({ max_tokens: 0 }), 'max_tokens'],
    ['a text where a number belongs', ask({ temperature: 'hot' }), 'temperature'],
    ['an unknown stream option', ask({ stream_options: { other: 1 } }), 'stream_options'],
  ])('refuses %s and names the field', (_name, json, param) => {
    expect(refusal(() => read(json))).toEqual(['INVALID_INPUT', param]);
  });

  it('refuses a model that is not configured', () => {
    expect(refusal(() => read(ask({ model: 'third' })))).toEqual(['MODEL_NOT_ALLOWED', 'model']);
  });
});

describe('storedText', () => {
  it('takes the last user message alone, its text parts joined', () => {
    const parts = [
      { type: 'text', text: 'Grüße ' },
      { type: 'text', text: '😀' },
    ];
    const messages = [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'before' },
      { role: 'assistant', content: 'yes' },
      { role: 'user', content: parts },
    ];

    expect(storedText(read(ask({ messages })))).toBe('Grüße 😀');
  });

  it('ignores what only tunes an answer, and what asks for no more than text, as frameworks always send it', () => {
    const tuned = {
      ...{ temperature: 0.2, top_p: 1, seed: 7, frequency_penalty: 0, presence_penalty: 0 },
      ...{
        logit_bias: { 50256: -100 },
        reasoning_effort: 'low',
        verbosity: 'low',
        parallel_tool_calls: true,
      },
      ...{ prediction: {}, prompt_cache_key: 'k', prompt_cache_retention: '24h' },
      ...{ user: 'u1', safety_identifier: 's1' },
    };
    const idle = { response_format: { type: 'text' }, logprobs: false, tools: null, stop: null, n: 1 };

    for (const rest of [tuned, idle, { max_tokens: 5 }, { max_completion_tokens: 5 }])
      expect(storedText(read(ask(rest)))).toBe('hi');
  });

  it.each([
    [{ tools: [] }, 'tools'],
    [{ tools: [{ type: 'function' }], temperature: 0 }, 'tools'],
    [{ tool_choice: 'auto' }, 'tool_choice'],
    [{ response_format: { type: 'json_object' } }, 'response_format'],
    [{ response_format: { type: 'json_schema', json_schema: {} } }, 'response_format'],
    [{ logprobs: true }, 'logprobs'],
    [{ top_logprobs: 2 }, 'top_logprobs'],
    [{ stop: ['\n'] }, 'stop'],
    [{ messages: [{ role: 'tool', tool_call_id: 'c1', content: '12' }] }, 'messages'],
    [{ messages: [{ role: 'assistant', content: 'x' }] }, 'messages'],
    [{ messages: [{ role: 'user' }] }, 'messages'],
    [{ messages: [{ role: 'user', content: [{ type: 'image_url', image_url: {} }] }] }, 'messages'],
  ])('refuses %j rather than answer something else', (rest, param) => {
    expect(refusal(() => storedText(read(ask(rest))))).toEqual(['INVALID_INPUT', param]);
  });
});
