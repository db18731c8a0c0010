import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { storeSend } from '../../../functions/rules/start-send.ts';
import { runRule, type RulePorts } from '../../../functions/table/run-rule.ts';
import type { Table } from '../../../functions/table/table.ts';
import {
  assistantMessageItem,
  derivedTitle,
  sendRequestItem,
  userMessageItem,
  type AssistantMessageItem,
  type SendInput,
} from '../../../protocol/items.ts';
import { conversationKey, listingSort } from '../../../protocol/keys.ts';
import { NOW, OWNER } from '../chat-fixture.ts';
import { startTable } from '../dynamodb.ts';
import { MemoryTable } from '../memory-table.ts';

const INPUT: SendInput = {
  conversationId: 'c1',
  clientMessageId: 'm1',
  text: 'hello\nworld',
  model: null,
  pacing: null,
};
const start = (
  table: Table,
  input: Partial<SendInput> = {},
  now = NOW,
  ulid = '01A',
  invoke: NonNullable<RulePorts['invoke']> = () => Promise.reject(new Error('nothing to invoke')),
) => runRule({ table, invoke }, storeSend(OWNER, { ...INPUT, ...input }, now, ulid));

describe('storeSend', () => {
  it('stores exactly the items that sendMessage stores', async () => {
    const table = new MemoryTable();
    const { message, mayRun } = await start(table);

    const createdAt = new Date(NOW).toISOString();
    const request = sendRequestItem(OWNER, INPUT, { ulid: '01A', parentId: null, createdAt });
    const conversation = {
      ...conversationKey(OWNER, 'c1'),
      owner: OWNER,
      id: 'c1',
      title: derivedTitle(INPUT.text),
      createdAt,
      updatedAt: createdAt,
      lastMessageId: '01A-1',
      listOwner: OWNER,
      listSort: listingSort(createdAt, 'c1'),
    };
    const items = [
      conversation,
      userMessageItem(OWNER, INPUT, request),
      assistantMessageItem(OWNER, INPUT, request, NOW),
      request,
    ];
    expect(table.all()).toEqual(items);
    expect([message, mayRun]).toEqual([items[2], true]);
    // The request item is the lock: it comes before all others.
    expect(table.versions.map(({ item }) => item?.sk)).toEqual(['R#m1', 'C', 'M#01A-0', 'M#01A-1']);
  });

  it('answers a repeat with the original ids and lets it run what nobody claimed, with a start-by time to come', async () => {
    const table = new MemoryTable();
    const first = await start(table);
    const before = table.all();

    expect(await start(table, {}, NOW + 1, '01B')).toEqual(first);
    expect(table.all()).toEqual(before);
    const late = NOW + 60_001;
    const renewed = { ...first.message, leaseUntil: late + 60_000 };
    expect(await start(table, {}, late, '01C')).toEqual({ message: renewed, mayRun: true });
    expect(table.all('M#01A-1')).toEqual([renewed]);
  });

  it('invokes a later attempt that nobody claimed, which it cannot show from its beginning, and marks that for 2 s', async () => {
    const table = new MemoryTable();
    const { message } = await start(table);
    table.seed({ ...message, attempt: 2, leaseUntil: NOW + 500 } as never);
    const events: unknown[] = [];
    const again = (now: number) =>
      start(table, {}, now, '01B', (event) => Promise.resolve(void events.push(event)));

    expect(await again(NOW)).toMatchObject({ mayRun: false, message: { attempt: 2, invokedAt: NOW } });
    expect(await again(NOW + 1_999)).toMatchObject({ mayRun: false, message: { invokedAt: NOW } });
    expect(events).toEqual([{ owner: OWNER, conversationId: 'c1', messageId: '01A-1', attempt: 2 }]);
    expect(await again(NOW + 2_000)).toMatchObject({
      mayRun: false,
      message: { invokedAt: NOW + 2_000, leaseUntil: NOW + 62_000 },
    });
    expect(events).toHaveLength(2);
  });

  it('marks nothing when that invocation fails, and fails with it', async () => {
    const table = new MemoryTable();
    const { message } = await start(table);
    table.seed({ ...message, attempt: 2 } as never);
    const refused = new Error('throttled');

    await expect(start(table, {}, NOW, '01B', () => Promise.reject(refused))).rejects.toBe(refused);
    expect(table.all('M#01A-1')).toMatchObject([{ attempt: 2, invokedAt: 0 }]);
  });

  it('runs what it stored itself although the answer to that write was lost', async () => {
    const table = new MemoryTable();
    let puts = 0;
    table.fate = ({ operation, sk }) => {
      const isAnswer = operation === 'put' && sk === 'M#01A-1';
      return isAnswer && (puts += 1) === 1 ? 'lost' : 'fine';
    };
    const { message, mayRun } = await start(table);

    expect(puts).toBe(2);
    expect([message, mayRun]).toEqual([table.all('M#01A-1')[0], true]);
  });

  it('leaves it to whoever claimed it meanwhile', async () => {
    const table = new MemoryTable();
    let puts = 0;
    table.fate = ({ operation, sk }) =>
      operation === 'put' && sk === 'M#01A-1' && (puts += 1) === 1 ? 'lost' : 'fine';
    table.before = () => {
      const [message] = table.all<AssistantMessageItem>('M#01A-1');
      if (message?.status === 'PENDING') table.seed({ ...message, status: 'STREAMING' } as typeof message);
      return Promise.resolve();
    };

    expect(await start(table)).toMatchObject({ mayRun: false, message: { status: 'STREAMING' } });
  });

  it('does not run what has a worker or is over', async () => {
    const table = new MemoryTable();
    const { message } = await start(table);
    for (const status of ['STREAMING', 'COMPLETE', 'CANCELLED'] as const) {
      table.seed({ ...message, status } as never);
      expect(await start(table, {}, NOW + 5_000, '01B')).toMatchObject({
        mayRun: false,
        message: { status },
      });
    }
  });

  it.each<[string, Partial<SendInput>]>([
    ['text', { text: 'other' }],
    ['parent', { parentId: null }],
    ['model', { model: 'second' }],
    ['pacing', { pacing: 'LIVE' }],
  ])('is CONFLICT for another %s under the same clientMessageId', async (_name, change) => {
    const table = new MemoryTable();
    await start(table);
    const before = table.all();

    await expect(start(table, change)).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(table.all()).toEqual(before);
  });

  it('finishes whatever step is missing', async () => {
    const whole = new MemoryTable();
    await start(whole);
    for (let writes = 1; writes < 4; writes += 1) {
      const table = new MemoryTable();
      let done = 0;
      table.fate = (call) =>
        call.operation !== 'put' && call.operation !== 'update'
          ? 'fine'
          : (done += 1) <= writes
            ? 'fine'
            : Object.assign(new Error('killed'), { $metadata: { httpStatusCode: 400 } });
      await expect(start(table)).rejects.toThrow('killed');
      table.fate = () => 'fine';
      await start(table, {}, NOW, '01Z');

      expect(table.all()).toEqual(whole.all());
    }
  });

  it('follows the conversation’s last message unless told otherwise', async () => {
    const table = new MemoryTable();
    await start(table);
    const parentOf = async (input: Partial<SendInput>, ulid: string) => {
      await start(table, { clientMessageId: ulid, ...input }, NOW + 1, ulid);
      return table.all<{ parentId: string | null }>(`M#${ulid}-0`)[0]?.parentId;
    };

    expect(await parentOf({}, '01B')).toBe('01A-1');
    expect(await parentOf({ parentId: null }, '01C')).toBeNull();
    expect(await parentOf({ parentId: '01A-1' }, '01D')).toBe('01A-1');
    await expect(parentOf({ parentId: 'absent' }, '01E')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('is NOT_FOUND in a deleted conversation, also when it is deleted meanwhile, and writes no message', async () => {
    const table = new MemoryTable();
    table.before = (call) => {
      if (call.operation === 'update')
        table.seed({ ...conversationKey(OWNER, 'c1'), ...{ deletedAt: 'now' } });
      return Promise.resolve();
    };

    await expect(start(table)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(start(table)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(table.all('M#')).toEqual([]);
  });

  describe('over the real database', () => {
    let real: Awaited<ReturnType<typeof startTable>>;
    beforeAll(async () => (real = await startTable()));
    afterAll(() => real.close());

    it('stores one answer for many equal requests at once, each of which may claim it', async () => {
      const sends = Array.from({ length: 10 }, (_, index) => start(real.table, {}, NOW, `01${index}`));
      const started = await Promise.all(sends);

      expect(new Set(started.map(({ message }) => message.id)).size).toBe(1);
      expect(started.every(({ mayRun }) => mayRun)).toBe(true);
    });
  });
});
