import { describe, expect, it } from 'vitest';
import { storeRegenerate } from '../../../functions/rules/start-regenerate.ts';
import { storeSend } from '../../../functions/rules/start-send.ts';
import { runRule } from '../../../functions/table/run-rule.ts';
import {
  assistantMessageItem,
  regenerateRequestItem,
  type ConversationItem,
  type RegenerateInput,
} from '../../../protocol/items.ts';
import { conversationKey } from '../../../protocol/keys.ts';
import { NOW, OWNER } from '../chat-fixture.ts';
import { MemoryTable } from '../memory-table.ts';

const INPUT: RegenerateInput = {
  conversationId: 'c1',
  clientMessageId: 'r1',
  messageId: '01A-1',
  model: null,
  pacing: null,
};
const LATER = NOW + 60_000;

/** A table with one send in it. */
async function tableWithSend(): Promise<MemoryTable> {
  const table = new MemoryTable();
  const send = { conversationId: 'c1', clientMessageId: 'm1', text: 'hello' };
  await runRule({ table }, storeSend(OWNER, send, NOW, '01A'));
  return table;
}

const regenerate = (
  table: MemoryTable,
  input: Partial<RegenerateInput> = {},
  { now = LATER, ulid = '01B', owner = OWNER } = {},
) => runRule({ table }, storeRegenerate(owner, { ...INPUT, ...input }, now, ulid));

describe('storeRegenerate', () => {
  it('stores a sibling answer like regenerateMessage, and leaves question, answer and title as they are', async () => {
    const table = await tableWithSend();
    const before = table.all();
    table.versions.length = 0;
    const { message, mayRun } = await regenerate(table);

    const createdAt = new Date(LATER).toISOString();
    const request = regenerateRequestItem(OWNER, INPUT, { ulid: '01B', userMessageId: '01A-0', createdAt });
    expect([message, mayRun]).toEqual([assistantMessageItem(OWNER, INPUT, request, LATER), true]);
    expect(message).toMatchObject({ id: '01B-1', parentId: '01A-0', userMessageId: '01A-0' });
    // The request item is the lock: it comes before all others.
    expect(table.versions.map(({ item }) => item?.sk)).toEqual(['R#r1', 'C', 'M#01B-1']);
    const after = table.all();
    expect(after).toEqual(expect.arrayContaining(before.slice(1)));
    expect(after[0]).toMatchObject({ title: 'hello', lastMessageId: '01B-1', updatedAt: createdAt });
  });

  it('answers a repeat with the original ids and lets it run what nobody claimed', async () => {
    const table = await tableWithSend();
    const first = await regenerate(table);
    const before = table.all();

    expect(await regenerate(table, {}, { now: LATER + 1, ulid: '01C' })).toEqual(first);
    expect(table.all()).toEqual(before);
  });

  it.each<[string, Partial<RegenerateInput>]>([
    ['answer', { messageId: '01C-1' }],
    ['model', { model: 'second' }],
    ['pacing', { pacing: 'LIVE' }],
  ])('is CONFLICT for another %s under the same clientMessageId', async (_name, change) => {
    const table = await tableWithSend();
    await regenerate(table, { clientMessageId: 'other' }, { ulid: '01C' });
    await regenerate(table);
    const before = table.all();

    await expect(regenerate(table, change, { ulid: '01D' })).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(table.all()).toEqual(before);
  });

  it.each([
    ['an absent answer', { messageId: 'absent' }, OWNER, 'NOT_FOUND'],
    ['an absent conversation', { conversationId: 'c2' }, OWNER, 'NOT_FOUND'],
    ['a foreign conversation', {}, 'u:bob', 'NOT_FOUND'],
    ['a user message', { messageId: '01A-0' }, OWNER, 'INVALID_INPUT'],
  ])('refuses %s and writes nothing', async (_name, input, owner, code) => {
    const table = await tableWithSend();
    const before = table.all();

    await expect(regenerate(table, input, { owner })).rejects.toMatchObject({ code });
    expect(table.all()).toEqual(before);
  });

  it('is NOT_FOUND in a conversation that is deleted, also meanwhile, and writes no message', async () => {
    const table = await tableWithSend();
    table.before = (call) => {
      const [conversation] = table.all<ConversationItem>('C');
      if (call.operation === 'update' && conversation)
        table.seed({ ...conversationKey(OWNER, 'c1'), ...{ deletedAt: 'now' } });
      return Promise.resolve();
    };

    await expect(regenerate(table)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(regenerate(table)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(table.all('M#01B')).toEqual([]);
  });
});
