import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Terminal } from '../../../../functions/generation/stream.ts';
import { ChunkWriter } from '../../../../functions/http/openai/chunk-writer.ts';
import { sinkOf } from '../../../../functions/http/answer-writer.ts';
import { ChatError, errorShape } from '../../../../protocol/errors.ts';
import { NOW, seededChat, sha256, streaming } from '../../chat-fixture.ts';
import { dataOf } from './scripted-completions.ts';

const message = { ...streaming(seededChat()), model: 'first' };
const usage = {
  ...{ inputTokens: 3, outputTokens: 2, cachedInputTokens: 1, reasoningTokens: 1 },
  ...{ source: 'PROVIDER' as const, costUsd: null },
};
const terminal = (change: Partial<Terminal> = {}, end: Partial<Terminal['end']> = {}): Terminal => ({
  status: 'COMPLETE',
  end: {
    ...{
      reason: 'STOP',
      length: 6,
      sha256: sha256('Grüße\n'),
      reasoningLength: 2,
      continuable: false,
      usage,
    },
    ...end,
  },
  ...change,
});
const failed = (code: ChatError['code']): Partial<Terminal['end']> => ({
  reason: 'ERROR',
  error: errorShape(new ChatError(code)),
});
const bodyOf = (writer: ChunkWriter) => new Response(writer.body).text();
const open = (includesUsage = false) => new ChunkWriter(() => Date.now(), includesUsage);
const text = (offset: number, given: string) => ({ part: 'TEXT' as const, offset, text: given });

describe('ChunkWriter', () => {
  beforeEach(() => void vi.useFakeTimers({ now: NOW }));
  afterEach(() => void vi.useRealTimers());

  it('writes exactly these bytes: the cursor in the id line alone, no reasoning', async () => {
    const writer = open(true);
    const sink = sinkOf(writer, message);
    sink.start();
    sink.delta({ part: 'REASONING', offset: 0, text: 'hm' });
    sink.delta(text(0, 'Grüße\n'));
    sink.end(terminal());

    const head = `{"id":"chatcmpl-01A-1","object":"chat.completion.chunk","created":${NOW / 1000},"model":"first",`;
    const choice = (delta: string, finish = 'null') =>
      `"choices":[{"index":0,"delta":${delta},"logprobs":null,"finish_reason":${finish}}],"usage":null}`;
    expect(await bodyOf(writer)).toBe(
      [
        `id: 01A-1:1:0.2\ndata: ${head}${choice('{"role":"assistant","content":""}')}\n\n`,
        `id: 01A-1:1:6.2\ndata: ${head}${choice('{"content":"Grüße\\n"}')}\n\n`,
        `id: 01A-1:1:6.2:end\ndata: ${head}${choice('{}', '"stop"')}\n\n`,
        `id: 01A-1:1:6.2:end\ndata: ${head}"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5,"prompt_tokens_details":{"cached_tokens":1},"completion_tokens_details":{"reasoning_tokens":1}}}\n\n`,
        'data: [DONE]\n\n',
      ].join(''),
    );
    expect(vi.getTimerCount()).toBe(0);
  });

  it.each<[string, Terminal, string]>([
    ['a stop', terminal(), 'stop'],
    ['a limit', terminal({}, { reason: 'LENGTH' }), 'length'],
    ['a filter', terminal({}, { reason: 'CONTENT_FILTER' }), 'content_filter'],
    ['a cancel', terminal({ status: 'CANCELLED' }, { reason: 'CANCELLED' }), 'stop'],
  ])('tells %s by its finish reason', async (_name, end, reason) => {
    const writer = open();
    writer.end(message, end);
    const data = dataOf(await bodyOf(writer));

    expect(data.at(-1)).toBe('[DONE]');
    expect(JSON.parse(data.at(-2) ?? '')).toMatchObject({ choices: [{ finish_reason: reason }] });
    expect(data.join('')).not.toContain('usage');
  });

  it.each<[string, (writer: ChunkWriter) => void, string, string]>([
    [
      'a failure',
      (w) => w.end(message, terminal({ status: 'FAILED' }, failed('UPSTREAM_TRUNCATED'))),
      'UPSTREAM_TRUNCATED',
      'server_error',
    ],
    [
      'a lost worker',
      (w) => w.end(message, terminal({ status: 'INTERRUPTED' }, failed('LOST'))),
      'LOST',
      'server_error',
    ],
    ['the door’s limit', (w) => w.close('DEADLINE'), 'DEADLINE', 'server_error'],
    ['a deletion', (w) => w.close('NOT_FOUND'), 'NOT_FOUND', 'invalid_request_error'],
    ['an answer that is left', (w) => w.close(), 'INTERNAL', 'server_error'],
    [
      'an attempt that takes text back',
      (w) => w.start({ ...message, attempt: 2, resumeOffset: 1 }),
      'INTERNAL',
      'server_error',
    ],
  ])('says %s in an error event, without [DONE]', async (_name, end, code, type) => {
    const writer = open();
    writer.start(message);
    writer.delta(message, text(0, 'Grüße'));
    end(writer);
    writer.close();
    const data = dataOf(await bodyOf(writer));

    expect(data.slice(0, -1).every((line) => line.includes('"choices"'))).toBe(true);
    expect(JSON.parse(data.at(-1) ?? '')).toEqual({
      error: { message: new ChatError(code as ChatError['code']).message, type, param: null, code },
    });
    expect([writer.isOpen, vi.getTimerCount()]).toEqual([false, 0]);
  });

  it('tells a reader that is more than 1 MB behind instead of ending as if all were said', async () => {
    const writer = open();
    for (let offset = 0; writer.isOpen && offset < 4_000_000; offset += 100_000)
      writer.delta(message, text(offset, 'x'.repeat(100_000)));
    const data = dataOf(await bodyOf(writer));

    expect(data).not.toContain('[DONE]');
    expect(JSON.parse(data.at(-1) ?? '')).toMatchObject({ error: { code: 'INTERNAL' } });
  });

  it('goes on through an attempt that begins where the text ends', async () => {
    const writer = open();
    writer.start(message);
    writer.delta(message, text(0, 'one '));
    const second = { ...message, attempt: 2, resumeOffset: 4 };
    writer.start(second);
    writer.delta(second, text(4, 'two'));
    writer.end(second, terminal());
    const data = dataOf(await bodyOf(writer)).slice(0, -1);
    const texts = data.map((line) => JSON.parse(line) as { choices: { delta: { content?: string } }[] });

    expect(texts.map(({ choices }) => choices[0]?.delta.content ?? '').join('')).toBe('one two');
  });
});
