import { describe, expect, it, vi } from 'vitest';
import { SseWriter } from '../../../functions/http/answer-writer.ts';
import { follow } from '../../../functions/http/follow.ts';
import type { TokenBatch } from '../../../protocol/generated/schema-types.ts';
import type { AssistantMessageItem } from '../../../protocol/items.ts';
import { CONVERSATION, logOf, OWNER, seededChat, sha256, streaming } from '../chat-fixture.ts';
import { MemoryTable } from '../memory-table.ts';

const chat = seededChat({ now: Date.now() });
const running = streaming(chat, 'request-1:a', Date.now());
const ended = (text: string, change: Partial<AssistantMessageItem> = {}): AssistantMessageItem => ({
  ...running,
  status: 'COMPLETE',
  text,
  end: { reason: 'STOP', length: text.length, sha256: sha256(text), reasoningLength: 0, continuable: false },
  ...change,
});

type Event = Omit<TokenBatch, 'seq'> & { id: string };

/** A follower of the one message; `events` are those it wrote so far. */
function following(
  message: AssistantMessageItem | undefined,
  options: { settle?: () => Promise<void>; now?: () => number } = {},
) {
  const table = new MemoryTable();
  table.seed(chat.conversation, ...(message ? [message] : []));
  const writer = new SseWriter(() => Date.now());
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
      events.push({ kind: name, attempt: of.attempt, ...(more as object) } as unknown as Event);
      original(of, more);
    };
  }
  const settled: AssistantMessageItem[] = [];
  const ports = {
    table,
    now: options.now ?? (() => Date.now()),
    settle: (suspect: AssistantMessageItem) => {
      settled.push(suspect);
      return options.settle?.() ?? Promise.resolve();
    },
  };
  const done = follow(ports, OWNER, CONVERSATION, chat.message.id, writer).finally(() => writer.close());
  const trace = () =>
    events.map((event) =>
      (event.kind as string) === 'delta'
        ? `${event.part} ${event.offset} ${event.text}`
        : `${event.kind} ${event.attempt}`,
    );
  return { table, writer, done, trace, reading, settled };
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

  it('stops when its reader is gone', async () => {
    const { writer, done, table } = following(running);
    await vi.waitFor(() => expect(table.calls.length).toBeGreaterThan(2));
    writer.close();
    await done;
  });
});
