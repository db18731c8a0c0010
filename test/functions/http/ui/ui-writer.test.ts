import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { sinkOf } from '../../../../functions/http/answer-writer.ts';
import type { Terminal } from '../../../../functions/generation/stream.ts';
import { UiWriter } from '../../../../functions/http/ui/ui-writer.ts';
import { ChatError, errorShape } from '../../../../protocol/errors.ts';
import { SDKS, sdkChunks } from '../../../ai-sdk.ts';
import { NOW, seededChat, sha256, streaming } from '../../chat-fixture.ts';

const message = streaming(seededChat());
const terminal = (text: string, change: Partial<Terminal> = {}, reasoningLength = 0): Terminal => ({
  status: 'COMPLETE',
  end: { reason: 'STOP', length: text.length, sha256: sha256(text), reasoningLength, continuable: false },
  ...change,
});
const text = (offset: number, value: string) => ({ part: 'TEXT', offset, text: value }) as const;
const reasoning = (offset: number, value: string) => ({ part: 'REASONING', offset, text: value }) as const;
const writerOf = () => new UiWriter(() => Date.now(), 'r1');
const bodyOf = (writer: UiWriter) => new Response(writer.body).text();
/** The chunks of a body, one `data` line each; `[DONE]` as it is. */
const chunksOf = (body: string) =>
  [...body.matchAll(/^data: (.*)$/gm)].map(([, data = '']) =>
    data === '[DONE]' ? data : (JSON.parse(data) as Record<string, unknown>),
  );
const written = async (write: (writer: UiWriter) => void) => {
  const writer = writerOf();
  write(writer);
  return chunksOf(await bodyOf(writer));
};
const errorForm = (code: 'DEADLINE' | 'NOT_FOUND' | 'INTERNAL') => {
  const { message: errorText, retryable } = new ChatError(code);
  const data = { code, message: errorText, retryable, retryAfterMs: null, requestId: 'r1' };
  return [{ type: 'data-error', data, transient: true }, { type: 'error', errorText }, '[DONE]'];
};
const START = [{ type: 'start', messageId: '01A-1' }, { type: 'start-step' }];

describe('UiWriter', () => {
  beforeEach(() => void vi.useFakeTimers({ now: NOW, toFake: ['Date', 'setInterval', 'clearInterval'] }));
  afterEach(() => void vi.useRealTimers());

  it('writes exactly these bytes', async () => {
    const writer = writerOf();
    const sink = sinkOf(writer, message);
    sink.start();
    sink.delta(reasoning(0, 'hm'));
    sink.delta(text(0, 'Grüße '));
    sink.delta(text(6, '😀\n'));
    sink.end(terminal('Grüße 😀\n', {}, 2));

    const metadata = `{"finishReason":"stop","length":9,"sha256":"${sha256('Grüße 😀\n')}"}`;
    expect(await bodyOf(writer)).toBe(
      [
        ': ok\nretry: 2000\n\n',
        'data: {"type":"start","messageId":"01A-1"}\n\n',
        'data: {"type":"start-step"}\n\n',
        'data: {"type":"reasoning-start","id":"1"}\n\n',
        'id: 01A-1:1:0.2\ndata: {"type":"reasoning-delta","id":"1","delta":"hm"}\n\n',
        'data: {"type":"reasoning-end","id":"1"}\n\n',
        'data: {"type":"text-start","id":"2"}\n\n',
        'id: 01A-1:1:9.2\ndata: {"type":"text-delta","id":"2","delta":"Grüße 😀\\n"}\n\n',
        'data: {"type":"text-end","id":"2"}\n\n',
        'data: {"type":"finish-step"}\n\n',
        `id: 01A-1:1:9.2:end\ndata: {"type":"finish","messageMetadata":${metadata}}\n\n`,
        'data: [DONE]\n\n',
      ].join(''),
    );
    expect(vi.getTimerCount()).toBe(0);
  });

  it.each([
    ['STOP', 'stop'],
    ['LENGTH', 'length'],
    ['CONTENT_FILTER', 'content-filter'],
  ] as const)('says %s as the finish reason %s', async (reason, finishReason) => {
    const { status, end } = terminal('x');
    const chunks = await written((writer) => {
      writer.delta(message, text(0, 'x'));
      writer.end(message, { status, end: { ...end, reason } });
    });

    expect(chunks.at(-2)).toMatchObject({ type: 'finish', messageMetadata: { finishReason } });
  });

  it('ends with abort when the answer was cancelled', async () => {
    const chunks = await written((writer) => {
      writer.delta(message, text(0, 'x'));
      writer.end(message, terminal('x', { status: 'CANCELLED' }));
    });

    expect(chunks.slice(-4)).toEqual([
      { type: 'text-end', id: '1' },
      { type: 'finish-step' },
      { type: 'abort' },
      '[DONE]',
    ]);
  });

  it('ends with the code in a passing part and the text for users when the answer failed', async () => {
    const error = errorShape(
      new ChatError('UPSTREAM_RATE_LIMITED', { retryAfterMs: 1_500, requestId: 'worker' }),
    );
    const writer = writerOf();
    writer.delta(message, text(0, 'part'));
    writer.end(message, terminal('part', { status: 'FAILED', end: { ...terminal('part').end, error } }));
    const body = await bodyOf(writer);

    const { stage: _stage, ...data } = error;
    expect(chunksOf(body).slice(-5)).toEqual([
      { type: 'text-end', id: '1' },
      { type: 'finish-step' },
      { type: 'data-error', data, transient: true },
      { type: 'error', errorText: error.message },
      '[DONE]',
    ]);
    expect(body).toContain('id: 01A-1:1:4.0:end\ndata: {"type":"error"');
  });

  it.each([
    ['at the door’s limit', 'DEADLINE', (writer: UiWriter) => writer.close('DEADLINE')],
    ['when the answer is deleted', 'NOT_FOUND', (writer: UiWriter) => writer.close('NOT_FOUND')],
    ['when nobody can go on with it', 'INTERNAL', (writer: UiWriter) => writer.close()],
  ] as const)('ends with an error %s, without saying that the answer is over', async (_name, code, leave) => {
    const writer = writerOf();
    writer.delta(message, text(0, 'part'));
    leave(writer);
    const body = await bodyOf(writer);

    expect(chunksOf(body).slice(-3)).toEqual(errorForm(code));
    expect(body).not.toContain(':end');
    expect(await written(leave)).toEqual(errorForm(code));
    expect(vi.getTimerCount()).toBe(0);
  });

  it('goes on through a new attempt that begins where the text is, and says nothing of it', async () => {
    const chunks = await written((writer) => {
      writer.start(message);
      writer.delta(message, text(0, 'one '));
      const next = { ...message, attempt: 2, resumeOffset: 4 };
      writer.start(next);
      writer.delta(next, text(4, 'two'));
      writer.end(next, terminal('one two'));
    });

    expect(chunks.filter((chunk) => typeof chunk === 'object').map((chunk) => chunk.type)).toEqual(
      'start start-step text-start text-delta text-delta text-end finish-step finish'.split(' '),
    );
    expect(chunks.flatMap((chunk) => (typeof chunk === 'object' ? (chunk.delta ?? []) : []))).toEqual([
      'one ',
      'two',
    ]);
  });

  it.each<[string, (writer: UiWriter) => void]>([
    ['an attempt', (writer) => writer.start({ ...message, attempt: 2, resumeOffset: 3 })],
    ['END', (writer) => writer.end(message, terminal('one'))],
  ])('ends with an error where %s takes text back, which the format cannot', async (_name, cut) => {
    const chunks = await written((writer) => {
      writer.delta(message, text(0, 'one two'));
      cut(writer);
      writer.delta(message, text(3, ' three'));
      writer.end(message, terminal('one three'));
    });

    expect(chunks.slice(-3)).toEqual(errorForm('INTERNAL'));
    expect(JSON.stringify(chunks)).not.toContain('three');
  });

  it('writes each unit once, whatever it is given again', async () => {
    const chunks = await written((writer) => {
      writer.delta(message, text(0, 'one '));
      writer.delta(message, text(0, 'one two'));
      writer.delta(message, text(2, 'e'));
      writer.end(message, terminal('one two'));
    });

    expect(chunks[3]).toEqual({ type: 'text-delta', id: '1', delta: 'one two' });
  });

  it('joins what comes at once, up to 16,384 units, and lets it leave without waiting for more', async () => {
    const writer = writerOf();
    const reader = writer.body.getReader();
    const read = async () => new TextDecoder().decode((await reader.read()).value);
    expect(await read()).toBe(': ok\nretry: 2000\n\n');
    for (let offset = 0; offset < 20_000; offset += 1_000)
      writer.delta(message, text(offset, 'x'.repeat(1_000)));
    writer.delta(message, reasoning(0, 'hm'));
    const types: unknown[] = [];
    while (types.length < 8) types.push(...chunksOf(await read()));

    expect(types).toEqual([
      ...START,
      { type: 'text-start', id: '1' },
      { type: 'text-delta', id: '1', delta: 'x'.repeat(16_000) },
      { type: 'text-delta', id: '1', delta: 'x'.repeat(4_000) },
      { type: 'text-end', id: '1' },
      { type: 'reasoning-start', id: '2' },
      { type: 'reasoning-delta', id: '2', delta: 'hm' },
    ]);
    writer.close();
  });

  it.each(['TEXT', 'REASONING'] as const)(
    'tells a reader that is more than 1 MB behind instead of ending as if all were said (then %s)',
    async (part) => {
      const writer = writerOf();
      for (let offset = 0; writer.isOpen && offset < 4_000_000; offset += 100_000) {
        writer.delta(message, text(offset, 'x'.repeat(100_000)));
        writer.delta(message, { part, offset: part === 'TEXT' ? offset + 100_000 : offset, text: 'y' });
      }
      const chunks = chunksOf(await bodyOf(writer));
      const types = chunks.flatMap((chunk) => (typeof chunk === 'object' ? [String(chunk.type)] : []));
      const count = (end: string) => types.filter((type) => type.endsWith(end)).length;

      expect(chunks.slice(-4)).toEqual([{ type: 'finish-step' }, ...errorForm('INTERNAL')]);
      expect(count('-end')).toBe(count('t-start') + count('g-start'));
      expect(vi.getTimerCount()).toBe(0);
    },
  );

  it('does nothing once its reader has left', async () => {
    const writer = writerOf();
    writer.delta(message, text(0, 'x'));
    await writer.body.cancel();
    writer.delta(message, text(1, 'y'));
    writer.start({ ...message, attempt: 2 });
    writer.end(message, terminal('xy'));
    writer.close();

    expect(writer.isOpen).toBe(false);
    expect(vi.getTimerCount()).toBe(0);
  });

  it.each(SDKS)('writes no key that AI SDK %s does not know', async (_version, sdk) => {
    const error = errorShape(new ChatError('UPSTREAM_TIMEOUT'));
    const usage = { inputTokens: 1, outputTokens: 2, source: 'ESTIMATED', costUsd: null } as const;
    const timing = { acceptedAt: 'a', startedAt: null, firstTokenAt: null, endedAt: 'b' };
    const { end } = terminal('x', {}, 1);
    const ends: Terminal[] = [
      { status: 'COMPLETE', end: { ...end, usage, timing, model: 'first' } },
      { status: 'CANCELLED', end },
      { status: 'FAILED', end: { ...end, error } },
    ];
    for (const ending of ends) {
      const writer = writerOf();
      writer.start(message);
      writer.delta(message, reasoning(0, 'h'));
      writer.delta(message, text(0, 'x'));
      writer.end(message, ending);
      const { chunks, error: refused } = await sdkChunks(sdk, writer.body);

      expect(refused).toBeUndefined();
      expect(chunks.at(-1)?.type).toBe(
        { COMPLETE: 'finish', CANCELLED: 'abort', FAILED: 'error' }[ending.status as 'FAILED'],
      );
    }
  });
});
