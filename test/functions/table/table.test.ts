import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Table } from '../../../functions/table/table.ts';
import { LISTING_INDEX } from '../../../protocol/keys.ts';
import { assign, IF_ABSENT, touchConversation } from '../../../protocol/writes.ts';
import type { RequestItem } from '../../../protocol/items.ts';
import { startTable } from '../dynamodb.ts';
import { MemoryTable } from '../memory-table.ts';

let real: Awaited<ReturnType<typeof startTable>>;
beforeAll(async () => (real = await startTable()));
afterAll(() => real.close());

const tables: [string, () => Table][] = [
  ['DynamoDB', () => real.table],
  ['memory', () => new MemoryTable()],
];
let partitions = 0;
const partition = () => `u:test#${(partitions += 1)}`;

async function listed(table: Table, pk: string, options = {}) {
  const found: string[] = [];
  for await (const item of table.range<{ sk: string }>({ pk, from: 'a', to: 'z' }, options))
    found.push(item.sk);
  return found;
}

describe.each(tables)('a %s table', (_name, create) => {
  it('puts an item where nothing is and refuses the second', async () => {
    const table = create();
    const item = { pk: partition(), sk: 'a', text: 'é🚀', end: null, left: undefined };

    expect(await table.put(item, IF_ABSENT)).toBe('stored');
    const second = { ...item, text: 'other' };
    expect(await table.put(second, IF_ABSENT)).toBe('refused');
    expect(await table.get(item)).toEqual({ pk: item.pk, sk: 'a', text: 'é🚀', end: null });
  });

  it('updates by condition and answers the new item, with removed attributes gone', async () => {
    const table = create();
    const key = { pk: partition(), sk: 'a' };
    await table.put({ ...key, ...{ status: 'PENDING', attempt: 1, claimId: 'x' } });
    const condition = {
      expression: '#status = :from AND #attempt <= :most',
      names: { '#status': 'status', '#attempt': 'attempt' },
      values: { ':from': 'PENDING', ':most': 1 },
    };
    const write = { key, update: assign({ status: 'STREAMING' }, ['claimId']), condition };

    expect(await table.update(write)).toEqual({ ...key, status: 'STREAMING', attempt: 1 });
    expect(await table.update(write)).toBe('refused');
    expect(await table.update({ ...write, key: { ...key, sk: 'absent' } })).toBe('refused');
  });

  it('moves a conversation only forward and never out of a tombstone', async () => {
    const table = create();
    const [owner, id] = partition().split('#') as [string, string];
    const send = (ulid: string) =>
      table.update(
        touchConversation(owner, id, { ulid, createdAt: `t${ulid}` } as RequestItem, `title ${ulid}`),
      );

    expect(await send('B')).toMatchObject({ lastMessageId: 'B-1', title: 'title B', createdAt: 'tB' });
    expect(await send('A')).toBe('refused');
    expect(await send('C')).toMatchObject({ lastMessageId: 'C-1', title: 'title B', createdAt: 'tB' });
    await table.put({ pk: `${owner}#${id}`, sk: 'C', ...{ deletedAt: 'now' } });
    expect(await send('D')).toBe('refused');
  });

  it('lists a range in key order, backwards, limited and projected', async () => {
    const table = create();
    const pk = partition();
    for (const sk of ['c', 'a', 'b', '~']) await table.put({ pk, sk });

    expect(await listed(table, pk)).toEqual(['a', 'b', 'c']);
    expect(await listed(table, pk, { backwards: true, limit: 2 })).toEqual(['c', 'b']);
    expect(await listed(table, pk, { attributes: ['sk'] })).toEqual(['a', 'b', 'c']);
  });

  it('projects a read and removes what it is told to', async () => {
    const table = create();
    const key = { pk: partition(), sk: 'a' };
    await table.put({ ...key, ...{ status: 'PENDING', text: 'long' } });

    expect(await table.get(key, { attributes: ['status'], cheap: true })).toEqual({ status: 'PENDING' });
    expect(await table.remove(key)).toBe('removed');
    expect(await table.remove(key)).toBe('removed');
    await table.put(key);
    expect(await table.removeBatch([key])).toEqual([]);
    expect(await table.get(key)).toBeUndefined();
  });

  it('reads more than one page of a range', async () => {
    const table = create();
    const pk = partition();
    const text = 'x'.repeat(300_000);
    for (let index = 0; index < 5; index += 1) await table.put({ pk, sk: `a${index}`, ...{ text } });

    expect(await listed(table, pk)).toEqual(['a0', 'a1', 'a2', 'a3', 'a4']);
  });

  it('pages backwards through what begins with a prefix, and says whether more may follow', async () => {
    const table = create();
    const pk = partition();
    for (const sk of ['L#1', 'M#1', 'M#2', 'M#3', 'N#1']) await table.put({ pk, sk });
    const page = { partition: ['pk', pk], sort: ['sk', 'M#'], limit: 2 } as const;
    const first = await table.page<{ sk: string }>(page);
    const second = await table.page<{ sk: string }>({ ...page, after: { pk, sk: 'M#2' } });

    expect(first).toEqual({
      items: [
        { pk, sk: 'M#3' },
        { pk, sk: 'M#2' },
      ],
      hasMore: true,
    });
    expect(second).toEqual({ items: [{ pk, sk: 'M#1' }], hasMore: false });
    expect(await table.page({ ...page, after: { pk, sk: 'M#1' } })).toEqual({ items: [], hasMore: false });
  });

  it('pages through an index, where ties are no loss', async () => {
    const table = create();
    const listOwner = partition();
    const items = ['1', '2', '3'].map((id) => ({
      pk: `${listOwner}#${id}`,
      sk: 'C',
      listOwner,
      listSort: `d#${id}`,
    }));
    for (const item of items) await table.put(item);
    const page = { index: LISTING_INDEX, partition: ['listOwner', listOwner], limit: 1 } as const;
    const found: string[] = [];
    let after: Record<string, string> | undefined;
    for (let pages = 0; pages < 4; pages += 1) {
      const { items: some } = await table.page<(typeof items)[number]>({
        ...page,
        ...(after ? { after } : {}),
      });
      found.push(...some.map(({ listSort }) => listSort));
      after = some.at(-1) ?? after;
    }
    expect(found).toEqual(['d#3', 'd#2', 'd#1']);
  });
});
