import { describe, expect, it, vi } from 'vitest';
import { startsAfter } from '../../../functions/http/attempt-starts.ts';
import { SseWriter } from '../../../functions/http/answer-writer.ts';
import type { Cursor } from '../../../functions/http/cursor.ts';
import { follow } from '../../../functions/http/follow.ts';
import type { TokenBatch } from '../../../protocol/generated/schema-types.ts';
import type { AssistantMessageItem, LogItem, TextItem } from '../../../protocol/items.ts';
import { textSlot } from '../../../protocol/keys.ts';
import { MAX_TEXT_ITEM_UNITS } from '../../../protocol/limits.ts';
import { splitByUnits } from '../../../protocol/token-batch.ts';
import { CONVERSATION, logOf, OWNER } from '../chat-fixture.ts';
import { MemoryTable } from '../memory-table.ts';
import { chat, ended, running } from './one-answer.ts';

type Event = Omit<TokenBatch, 'seq'> & { id: string };

/** A follower of the one message; `events` are those it wrote so far. */
function following(
  message: AssistantMessageItem | undefined,
  options: { settle?: () => Promise<void>; now?: () => number; from?: Cursor } = {},
) {
  const table = new MemoryTable();
  table.seed(chat.conversation, ...(message ? [message] : []));
  const writer = new SseWriter(() => Date.now(), options.from);
  const events: Event[] = [];
  const reading = (async () => {
    let text = '';
    for await (const bytes of writer.body) text += new TextDecoder().decode(bytes);
    return text;
  })();
  const write = writer as unknown as Record<
    'start' | 'delta' | 'end',
    (of: AssistantMessageItem, more?: unknown) => void
  >;
  for (const name of ['start', 'delta', 'end'] as const) {
    const original = write[name].bind(writer);
    write[name] = (of, more) => {
      if (name === 'start') starts.push([of.attempt, of.resumeOffset]);
      events.push({ kind: name, attempt: of.attempt, ...(more as object) } as unknown as Event);
      original(of, more);
    };
  }
  const starts: [number, number][] = [];
  const settled: AssistantMessageItem[] = [];
  const ports = {
    table,
    now: options.now ?? (() => Date.now()),
    settle: (suspect: AssistantMessageItem) => {
      settled.push(suspect);
      return options.settle?.() ?? Promise.resolve();
    },
  };
  const done = follow(
    ports,
    { owner: OWNER, conversationId: CONVERSATION, messageId: chat.message.id },
    writer,
    options.from,
  ).finally(() => writer.close());
  const trace = () =>
    events.map((event) =>
      (event.kind as string) === 'delta'
        ? `${event.part} ${event.offset} ${event.text}`
        : `${event.kind} ${event.attempt}`,
    );
  return { table, writer, done, trace, starts, reading, settled };
}

describe('follow', () => {
  it('replays a finished answer and ends', async () => {
    const { done, trace, reading } = following(
      ended('Grüße 😀', { reasoning: 'hm', end: { ...ended('Grüße 😀').end!, reasoningLength: 2 } }),
    );
    await done;

    expect(trace()).toEqual(['start 1', 'REASONING 0 hm', 'TEXT 0 Grüße 😀', 'end 1']);
    expect((await reading).match(/^id: .*$/gm)?.at(-1)).toBe('id: 01A-1:1:8.2:end');
  });

  it('writes a running answer as its log grows, then its end', async () => {
    const { table, done, trace } = following(running);
    const [one, two, three] = logOf(running, ['one ', 'two ', 'three']);
    table.seed(one!);
    await vi.waitFor(() => expect(trace()).toEqual(['start 1', 'TEXT 0 one ']));
    table.seed(two!);
    await vi.waitFor(() => expect(trace().at(-1)).toBe('TEXT 4 two '));
    table.seed(three!, ended('one two three'));
    await done;

    expect(trace()).toEqual(['start 1', 'TEXT 0 one ', 'TEXT 4 two ', 'TEXT 8 three', 'end 1']);
  });

  it('announces an attempt only once it is claimed', async () => {
    const { table, done, trace, writer } = following(chat.message);
    await vi.waitFor(() => expect(table.calls.length).toBeGreaterThan(4));
    expect(trace()).toEqual([]);
    table.seed(running);
    await vi.waitFor(() => expect(trace()).toEqual(['start 1']));
    writer.close();
    await done;
  });

  it('goes on with the next attempt at its resume offset and takes nothing of the old log', async () => {
    const { table, done, trace } = following(running);
    table.seed(...logOf(running, ['one ', 'two']));
    await vi.waitFor(() => expect(trace()).toContain('TEXT 4 two'));
    const next = { ...running, attempt: 2, text: 'one ', resumeOffset: 4, claimId: 'request-2:a' };
    const handedOver: AssistantMessageItem = { ...next, status: 'PENDING' };
    table.seed(handedOver);
    table.seed(next, ...logOf(next, ['more']));
    await vi.waitFor(() => expect(trace()).toContain('TEXT 4 more'));
    table.seed(ended('one more', { attempt: 2 }));
    await done;

    expect(trace()).toEqual(['start 1', 'TEXT 0 one ', 'TEXT 4 two', 'start 2', 'TEXT 4 more', 'end 2']);
  });

  it('gives a reader that begins late the text of earlier attempts, too, under a cursor that fits', async () => {
    const second = { ...running, attempt: 2, text: 'stored ', resumeOffset: 7 };
    const { table, done, trace, reading, writer } = following(second);
    table.seed(...logOf(second, ['logged']));
    await vi.waitFor(() => expect(trace()).toEqual(['start 2', 'TEXT 0 stored ', 'TEXT 7 logged']));
    writer.close();
    await done;

    expect((await reading).match(/^id: .*$/gm)).toEqual([
      'id: 01A-1:2:0.0',
      'id: 01A-1:2:7.0',
      'id: 01A-1:2:13.0',
    ]);
  });

  it.each([
    ['message', undefined, chat.conversation],
    ['conversation', running, { ...chat.conversation, deletedAt: 'now' }],
  ])('closes without END when the %s is deleted', async (_name, message, conversation) => {
    const { table, done, trace, writer } = following(running);
    await vi.waitFor(() => expect(trace()).toEqual(['start 1']));
    if (!message) table.items.delete(`${running.pk}\n${running.sk}`);
    table.seed(conversation);
    await done;

    expect(writer.isOpen).toBe(false);
    expect(trace()).toEqual(['start 1']);
  });

  it('goes on although its cheap read does not see the conversation yet', async () => {
    const { table, done, trace } = following(ended('whole'));
    table.items.delete(`${chat.conversation.pk}\n${chat.conversation.sk}`);
    await done;

    expect(trace()).toEqual(['start 1', 'TEXT 0 whole', 'end 1']);
  });

  it('starts settle for an answer without worker, at most every 2 s', async () => {
    let now = running.leaseUntil + 2_000;
    const { table, done, settled, writer } = following(running, { now: () => now });
    await vi.waitFor(() => expect(table.calls.length).toBeGreaterThan(5));
    expect(settled).toEqual([]);
    now = running.leaseUntil + 3_001;
    await vi.waitFor(() => expect(settled).toHaveLength(1));
    const before = table.calls.length;
    await vi.waitFor(() => expect(table.calls.length).toBeGreaterThan(before + 6), { timeout: 3_000 });
    expect(settled).toHaveLength(1);
    now += 2_000;
    await vi.waitFor(() => expect(settled).toHaveLength(2));
    writer.close();
    await done;
  });

  const cursor = (attempt: number, text: number, reasoning = 0): Cursor => ({
    ...{ attempt, text, reasoning, isEnd: false },
  });

  it('goes on inside a batch of the log, whatever cut the reader saw', async () => {
    const at = following(running, { from: cursor(1, 6) });
    at.table.seed(...logOf(running, ['one ', 'two ', 'three']));
    await vi.waitFor(() => expect(at.trace()).toEqual(['TEXT 6 o ', 'TEXT 8 three']));
    at.table.seed(ended('one two three'));
    await at.done;

    expect(at.trace()).toEqual(['TEXT 6 o ', 'TEXT 8 three', 'end 1']);
    expect((await at.reading).match(/^id: .*$/gm)).toEqual([
      ...['id: 01A-1:1:8.0', 'id: 01A-1:1:13.0', 'id: 01A-1:1:13.0:end'],
    ]);
  });

  it('waits with a cursor that is ahead of the log until the log has passed it', async () => {
    const at = following(running, { from: cursor(1, 10) });
    const [one, two, three] = logOf(running, ['one ', 'two ', 'three']);
    at.table.seed(one!, two!);
    await vi.waitFor(() => expect(at.table.calls.length).toBeGreaterThan(6));
    expect(at.trace()).toEqual([]);
    at.table.seed(three!);
    await vi.waitFor(() => expect(at.trace()).toEqual(['TEXT 10 ree']));
    at.writer.close();
    await at.done;
  });

  it('ends shorter than a cursor whose attempt was sealed before it', async () => {
    const at = following(running, { from: cursor(1, 10) });
    at.table.seed(...logOf(running, ['one ']));
    at.table.seed(ended('one ', { status: 'INTERRUPTED' }));
    await at.done;

    expect(at.trace()).toEqual(['end 1']);
    expect((await at.reading).match(/^id: .*$/gm)).toEqual(['id: 01A-1:1:4.0:end']);
  });

  it('announces every attempt after the cursor’s with its own beginning, and sends again what was cut', async () => {
    // The reader holds ten units of attempt 1, of which only four were logged; attempt 3 logged nothing.
    const second = { ...running, attempt: 2, text: 'one ', resumeOffset: 4 };
    const fourth = { ...running, attempt: 4, text: 'one two three ', resumeOffset: 14 };
    const at = following(fourth, { from: cursor(1, 10) });
    at.table.seed(...logOf(running, ['one ']), ...logOf(second, ['two ', 'three ']));
    at.table.seed(...logOf(fourth, ['four']));
    at.table.seed(ended('one two three four', { attempt: 4, resumeOffset: 14 }));
    await at.done;

    expect(at.starts).toEqual([
      [2, 4],
      [3, 14],
      [4, 14],
    ]);
    expect(at.trace()).toEqual(['start 2', 'start 3', 'start 4', 'TEXT 4 two three four', 'end 4']);
    expect((await at.reading).match(/^id: .*$/gm)).toEqual([
      ...['id: 01A-1:2:4.0', 'id: 01A-1:3:4.0', 'id: 01A-1:4:4.0'],
      ...['id: 01A-1:4:18.0', 'id: 01A-1:4:18.0:end'],
    ]);
  });

  it('counts where an attempt began in both parts', async () => {
    const second = { ...running, attempt: 2, text: 'one ', resumeOffset: 4, resumeReasoningOffset: 3 };
    const third = { ...running, attempt: 3, text: 'one two', resumeOffset: 7, resumeReasoningOffset: 5 };
    const [two] = logOf(second, ['two']);
    const hm = {
      ...two!,
      ...{ sk: two!.sk.replace('000000007', '000000010'), part: 'REASONING', offset: 3, text: 'hm' },
      ...{ textLength: 7, reasoningLength: 5 },
    } as LogItem;
    const at = following(third, { from: cursor(1, 4, 3) });
    at.table.seed(two!, hm);
    await vi.waitFor(() => expect(at.trace()).toContain('start 3'));
    at.writer.close();
    await at.done;

    expect(await startsAfter(at.table, third, 1)).toEqual([
      { attempt: 2, resumeOffset: 4, resumeReasoningOffset: 3 },
      { attempt: 3, resumeOffset: 7, resumeReasoningOffset: 5 },
    ]);
    at.table.items.delete(`${two!.pk}\n${two!.sk}`);
    expect((await startsAfter(at.table, third, 1))[0]).toEqual({
      ...{ attempt: 2, resumeOffset: 7, resumeReasoningOffset: 3 },
    });
  });

  it('replays a long answer in pieces a reader can take one by one, from any offset, without splitting a pair', async () => {
    const text = '😀 two words '.repeat(90_000);
    const table = { textAttempt: 1, text: text.slice(0, 100) };
    const pieces = splitByUnits(text, MAX_TEXT_ITEM_UNITS);
    const items: TextItem[] = pieces.map((piece, index) => {
      const offset = pieces.slice(0, index).join('').length;
      const sk = textSlot(running.id, 1, 'TEXT', offset);
      return { pk: running.pk, sk, messageId: running.id, offset, text: piece };
    });
    for (const from of [undefined, cursor(1, 700_003)]) {
      const at = following(ended(text, table), from ? { from } : {});
      at.table.seed(...items);
      await at.done;
      const body = await at.reading;
      const deltas = [...body.matchAll(/^data: (.*)$/gm)]
        .map((match) => JSON.parse(match[1] ?? '') as TokenBatch)
        .filter(({ kind }) => kind === 'DELTA');

      expect(deltas.map((batch) => batch.text).join('')).toBe(text.slice(from?.text ?? 0));
      expect(deltas.every((batch) => batch.text.length <= 16_384 && batch.text.isWellFormed())).toBe(true);
      expect(at.trace().at(-1)).toBe('end 1');
    }
  });

  it('does not end an answer whose text is being removed', async () => {
    const at = following(ended('x'.repeat(40_000), { text: 'x'.repeat(100), textAttempt: 1 }));
    await vi.waitFor(() => expect(at.table.calls.length).toBeGreaterThan(6));
    expect(at.trace()).toEqual(['start 1']);
    at.table.items.delete(`${running.pk}\n${running.sk}`);
    await at.done;

    expect(at.trace()).toEqual(['start 1']);
  });

  it('gives up on a database that keeps failing', async () => {
    const at = following(running);
    at.table.fate = () => 'failed';

    await expect(at.done).rejects.toThrow('not sent');
    expect(at.writer.isOpen).toBe(false);
  });

  it('stops when its reader is gone', async () => {
    const { writer, done, table } = following(running);
    await vi.waitFor(() => expect(table.calls.length).toBeGreaterThan(2));
    writer.close();
    await done;
  });
});
