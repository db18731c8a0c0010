import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { claimAttempt } from '../../../functions/rules/claim.ts';
import { runRule } from '../../../functions/table/run-rule.ts';
import type { Table } from '../../../functions/table/table.ts';
import { generationEventOf, type AssistantMessageItem } from '../../../protocol/items.ts';
import { NOW, seededChat, streaming, type SeededChat } from '../chat-fixture.ts';
import { startTable } from '../dynamodb.ts';
import { MemoryTable } from '../memory-table.ts';

const eventOf = (chat: SeededChat) => generationEventOf(chat.message);

function tableWith(chat: SeededChat, message: AssistantMessageItem | undefined = chat.message): MemoryTable {
  const table = new MemoryTable();
  table.seed(chat.conversation, chat.user, ...(message ? [message] : []));
  return table;
}

const claim = (table: Table, chat: SeededChat, claimId = 'request-1:a') =>
  runRule({ table }, claimAttempt(eventOf(chat), claimId, NOW));

describe('claimAttempt', () => {
  let real: Awaited<ReturnType<typeof startTable>>;
  beforeAll(async () => (real = await startTable()));
  afterAll(() => real.close());

  it('makes PENDING STREAMING with a lease of 15 s and who holds it', async () => {
    const chat = seededChat();
    const table = tableWith(chat);

    const claimed = await claim(table, chat);

    expect(claimed).toEqual({ message: streaming(chat) });
    expect(table.all('M#01A-1')).toEqual([streaming(chat)]);
  });

  it('has one winner of many over the real database', async () => {
    const chat = seededChat();
    for (const item of [chat.conversation, chat.user, chat.message]) await real.table.put(item);

    const ids = Array.from({ length: 12 }, (_, index) => `request-1:${index}`);
    const claims = await Promise.all(ids.map((id) => claim(real.table, chat, id)));

    const winners = claims.filter((outcome) => outcome !== 'taken');
    expect(winners).toHaveLength(1);
    const stored = await real.table.get<AssistantMessageItem>(chat.message);
    expect(winners).toEqual([{ message: stored }]);
    expect(ids).toContain(stored?.claimId);
  });

  it('takes its own claim for its own when the answer was lost', async () => {
    const chat = seededChat();
    const table = tableWith(chat);
    let updates = 0;
    table.fate = (call) => (call.operation === 'update' && (updates += 1) === 1 ? 'lost' : 'fine');

    expect(await claim(table, chat)).toEqual({ message: streaming(chat) });
    expect(updates).toBe(2);
  });

  it.each([
    ['another attempt', { attempt: 2 }],
    ['another worker', { status: 'STREAMING' as const, claimId: 'request-1:b' }],
    ['a terminal message', { status: 'CANCELLED' as const }],
    ['its own claim that has ended since', { status: 'COMPLETE' as const, claimId: 'request-1:a' }],
  ])('leaves %s alone', async (_name, stored) => {
    const chat = seededChat();
    const table = tableWith(chat, { ...chat.message, ...stored });
    const before = table.all();

    expect(await claim(table, chat)).toBe('taken');
    expect(table.all()).toEqual(before);
  });

  it('does not make an absent message', async () => {
    const chat = seededChat();
    const table = tableWith(chat, undefined);
    table.items.delete(`${chat.message.pk}\n${chat.message.sk}`);

    expect(await claim(table, chat)).toBe('taken');
    expect(table.all('M#01A-1')).toEqual([]);
  });

  it.each([
    ['is a tombstone', { deletedAt: '2030-01-01T00:00:00.000Z' }],
    ['is absent', undefined],
  ])('removes the message when its conversation %s', async (_name, change) => {
    const chat = seededChat();
    const table = new MemoryTable();
    table.seed(chat.user, chat.message, ...(change ? [{ ...chat.conversation, ...change }] : []));

    expect(await claim(table, chat)).toBe('deleted');
    expect(table.all('M#01A-1')).toEqual([]);
  });
});
