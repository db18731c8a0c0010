import { Kind, parse } from 'graphql';
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  sinkOf,
  SseWriter,
  TextWriter,
  type CloseReason,
  type StreamWriter,
} from '../../../functions/http/answer-writer.ts';
import type { Terminal } from '../../../functions/generation/stream.ts';
import { ChatError, errorShape } from '../../../protocol/errors.ts';
import type { TokenBatch } from '../../../protocol/generated/schema-types.ts';
import { NOW, seededChat, sha256, streaming } from '../chat-fixture.ts';

const message = streaming(seededChat());
const terminal = (text: string, change: Partial<Terminal> = {}): Terminal => ({
  status: 'COMPLETE',
  end: { reason: 'STOP', length: text.length, sha256: sha256(text), reasoningLength: 2, continuable: false },
  ...change,
});
const bodyOf = (writer: StreamWriter) => new Response(writer.body).text();
const fieldsOf = () => {
  const document = parse(readFileSync(new URL('../../../schema.graphql', import.meta.url), 'utf8'));
  const type = document.definitions.find(
    (definition) => definition.kind === Kind.OBJECT_TYPE_DEFINITION && definition.name.value === 'TokenBatch',
  );
  return type?.kind === Kind.OBJECT_TYPE_DEFINITION
    ? (type.fields ?? []).map((field) => field.name.value)
    : [];
};

describe('SseWriter', () => {
  beforeEach(() => void vi.useFakeTimers({ now: NOW }));
  afterEach(() => void vi.useRealTimers());

  it('writes exactly these bytes', async () => {
    const writer = new SseWriter(() => Date.now());
    const sink = sinkOf(writer, message);
    sink.start();
    sink.delta({ part: 'REASONING', offset: 0, text: 'hm' });
    sink.delta({ part: 'TEXT', offset: 0, text: 'Grüße\n' });
    sink.end(terminal('Grüße\n'));

    const head = '{"conversationId":"c1","messageId":"01A-1","owner":"u:alice","attempt":1,';
    const rest = (status: string, end: string) =>
      `"resumeOffset":0,"resumeReasoningOffset":0,"nextWithinMs":0,"status":"${status}","userMessageId":"01A-0","end":${end},"publishedAt":"2030-01-01T00:00:00.000Z"}`;
    const end = `{"reason":"STOP","length":6,"sha256":"${sha256('Grüße\n')}","reasoningLength":2,"continuable":false}`;
    expect(await bodyOf(writer)).toBe(
      [
        ': ok\nretry: 2000\n\n',
        `id: 01A-1:1:0.0\nevent: batch\ndata: ${head}"kind":"START","part":"TEXT","offset":0,"text":"",${rest('STREAMING', 'null')}\n\n`,
        `id: 01A-1:1:0.2\nevent: batch\ndata: ${head}"kind":"DELTA","part":"REASONING","offset":0,"text":"hm",${rest('STREAMING', 'null')}\n\n`,
        `id: 01A-1:1:6.2\nevent: batch\ndata: ${head}"kind":"DELTA","part":"TEXT","offset":0,"text":"Grüße\\n",${rest('STREAMING', 'null')}\n\n`,
        `id: 01A-1:1:6.2:end\nevent: batch\ndata: ${head}"kind":"END","part":"TEXT","offset":6,"text":"",${rest('COMPLETE', end)}\n\n`,
      ].join(''),
    );
    expect(vi.getTimerCount()).toBe(0);
  });

  it('names the fields of TokenBatch in the order of the schema, without seq', async () => {
    const writer = new SseWriter(() => Date.now());
    writer.start(message);
    writer.end(message, terminal(''));
    const events = (await bodyOf(writer)).split('\n').filter((line) => line.startsWith('data: '));

    expect(events).toHaveLength(2);
    for (const event of events)
      expect(Object.keys(JSON.parse(event.slice(6)) as TokenBatch)).toEqual(
        fieldsOf().filter((name) => name !== 'seq'),
      );
  });

  it('says hb after 10 s of silence, and only then', async () => {
    const writer = new SseWriter(() => Date.now());
    await vi.advanceTimersByTimeAsync(9_000);
    writer.start(message);
    await vi.advanceTimersByTimeAsync(9_000);
    writer.delta(message, { part: 'TEXT', offset: 0, text: 'x' });
    await vi.advanceTimersByTimeAsync(22_000);
    writer.close();

    expect((await bodyOf(writer)).match(/^: hb$/gm)).toHaveLength(2);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('says nothing to a reader whose body is full, which would close it', async () => {
    const writer = new SseWriter(() => Date.now());
    const text = 'x'.repeat(256 * 1_024);
    for (let offset = 0; offset < 4 * text.length; offset += text.length)
      writer.delta(message, { part: 'TEXT', offset, text });
    let isRoom = false;
    void writer.room().then(() => (isRoom = true));
    await vi.advanceTimersByTimeAsync(30_000);
    expect([isRoom, writer.isOpen]).toEqual([false, true]);

    const reader = writer.body.getReader();
    await reader.read();
    await reader.read();
    await vi.advanceTimersByTimeAsync(1_000);
    expect([isRoom, writer.isOpen]).toEqual([true, true]);
    writer.close();
  });

  it('counts its cursor by what the reader has, when a new attempt begins behind it or ahead of it', async () => {
    const writer = new SseWriter(() => Date.now());
    writer.start({ ...message, attempt: 2, resumeOffset: 5 });
    writer.delta(message, { part: 'TEXT', offset: 0, text: '12345678' });
    writer.start({ ...message, attempt: 3, resumeOffset: 5 });
    writer.close();

    const ids = (await bodyOf(writer)).split('\n').filter((line) => line.startsWith('id: '));
    expect(ids).toEqual(['id: 01A-1:2:0.0', 'id: 01A-1:1:8.0', 'id: 01A-1:3:5.0']);
  });

  it('ends without END, whatever it is closed for', async () => {
    for (const why of ['DEADLINE', 'NOT_FOUND', undefined] as const) {
      const writer: StreamWriter = new SseWriter(() => Date.now());
      writer.close(why);
      expect(await bodyOf(writer)).toBe(': ok\nretry: 2000\n\n');
    }
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('TextWriter', () => {
  const error = errorShape(new ChatError('UPSTREAM_TIMEOUT'));

  it('writes the text alone, each unit once', async () => {
    const writer = new TextWriter();
    writer.start();
    writer.delta(message, { part: 'REASONING', offset: 0, text: 'hm' });
    writer.delta(message, { part: 'TEXT', offset: 0, text: 'one ' });
    writer.delta(message, { part: 'TEXT', offset: 0, text: 'one two' });
    writer.delta(message, { part: 'TEXT', offset: 2, text: 'e' });
    writer.end(message, terminal('one two'));

    expect(await bodyOf(writer)).toBe('one two\n');
  });

  it.each([
    [
      'an error',
      terminal('', { status: 'FAILED', end: { ...terminal('').end, error } }),
      'part\n[UPSTREAM_TIMEOUT] The model stopped responding.\n',
    ],
    ['a cancel', terminal('', { status: 'CANCELLED' }), 'part\n[CANCELLED]\n'],
  ])('says %s in a last line', async (_name, end, body) => {
    const writer = new TextWriter();
    writer.delta(message, { part: 'TEXT', offset: 0, text: 'part' });
    writer.end(message, end);

    expect(await bodyOf(writer)).toBe(body);
  });

  it.each<[string, CloseReason | undefined]>([
    ['[DEADLINE] The answer reached its time limit.', 'DEADLINE'],
    ['[NOT_FOUND] Not found.', 'NOT_FOUND'],
    ['[INTERNAL] Something went wrong.', undefined],
  ])('says %s when it is closed so before END, and only then', async (line, why) => {
    const writer = new TextWriter();
    writer.delta(message, { part: 'TEXT', offset: 0, text: 'part' });
    writer.close(why);
    expect(await bodyOf(writer)).toBe(`part\n${line}\n`);

    const ended = new TextWriter();
    ended.end(message, terminal(''));
    ended.close(why);
    expect(await bodyOf(ended)).toBe('\n');
  });

  it('tells a reader that is more than 1 MB behind instead of ending as if all were said', async () => {
    const writer = new TextWriter();
    const text = 'x'.repeat(100_000);
    for (let offset = 0; writer.isOpen && offset < 4_000_000; offset += text.length)
      writer.delta(message, { part: 'TEXT', offset, text });
    const body = await bodyOf(writer);

    expect(body.length).toBeLessThan(1_200_000);
    expect(body.endsWith('x\n[INTERNAL] Something went wrong.\n')).toBe(true);
  });
});
