import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { purge } from '../../../functions/purge/purge.ts';
import type { Key } from '../../../protocol/keys.ts';
import { partitionOf, textSlot } from '../../../protocol/keys.ts';
import { sendRequestItem } from '../../../protocol/items.ts';
import { logOf, OWNER, seededChat, streaming } from '../chat-fixture.ts';
import { startTable } from '../dynamodb.ts';
import { definiteError, MemoryTable } from '../memory-table.ts';

const EVENT = { owner: OWNER, conversationId: 'c1' };
const FAR = Number.POSITIVE_INFINITY;

function itemsOf(conversationId: string): Key[] {
  const chat = seededChat({ conversationId });
  const request = sendRequestItem(
    OWNER,
    { conversationId, clientMessageId: 'x', text: 'hello' },
    { ulid: '01A', parentId: null, createdAt: '' },
  );
  const text = { pk: chat.message.pk, sk: textSlot(chat.message.id, 1, 'TEXT', 0) };
  return [chat.conversation, chat.user, chat.message, request, text, ...logOf(streaming(chat), ['a', 'b'])];
}

async function keysOf(table: { range: MemoryTable['range'] }, conversationId = 'c1'): Promise<string[]> {
  const keys: string[] = [];
  for await (const { sk } of table.range<Key>({
    pk: partitionOf(OWNER, conversationId),
    from: ' ',
    to: '~~',
  }))
    keys.push(sk);
  return keys;
}

describe('purge', () => {
  let real: Awaited<ReturnType<typeof startTable>>;
  beforeAll(async () => (real = await startTable()));
  afterAll(() => real.close());

  it('removes everything of the conversation but its tombstone, over the real database', async () => {
    for (const item of [...itemsOf('c1'), ...itemsOf('c10'), ...itemsOf('c2')]) await real.table.put(item);
    const others = [await keysOf(real.table, 'c10'), await keysOf(real.table, 'c2')];

    expect(await purge(real.table, EVENT, Date.now, FAR)).toBe('finished');
    expect(await keysOf(real.table)).toEqual(['C']);
    expect([await keysOf(real.table, 'c10'), await keysOf(real.table, 'c2')]).toEqual(others);
    expect(await purge(real.table, EVENT, Date.now, FAR)).toBe('finished');
  });

  it('removes more than one batch and more than one page', async () => {
    const message = streaming(seededChat({ conversationId: 'many' }));
    const text = 'x'.repeat(20_000);
    for (const item of logOf(message, Array<string>(80).fill(text))) await real.table.put(item);

    expect(await purge(real.table, { ...EVENT, conversationId: 'many' }, Date.now, FAR)).toBe('finished');
    expect(await keysOf(real.table, 'many')).toEqual([]);
  });

  it('removes message items first, because workers stop when theirs is gone', async () => {
    const table = new MemoryTable();
    table.seed(...itemsOf('c1'));
    await purge(table, EVENT, () => 0, FAR);

    const removed = table.calls
      .filter((call) => call.operation === 'removeBatch')
      .map((call) => call.sk.slice(0, 2));
    expect(removed).toEqual(['M#', 'L#', 'T#', 'R#']);
  });

  it('stops at its deadline and goes on in another pass', async () => {
    const table = new MemoryTable();
    table.seed(...logOf(streaming(seededChat()), Array<string>(120).fill('x')));
    let now = 0;

    expect(await purge(table, EVENT, () => (now += 1), 3)).toBe('unfinished');
    expect((await keysOf(table)).length).toBe(70);
    expect(await purge(table, EVENT, () => 0, FAR)).toBe('finished');
    expect(await keysOf(table)).toEqual([]);
  });

  it('repeats what DynamoDB did not get to, with pauses, and stops at its deadline', async () => {
    const table = new MemoryTable();
    table.seed(...itemsOf('c1'));
    const removeBatch = table.removeBatch.bind(table);
    let calls = 0;
    table.removeBatch = async (keys) => {
      calls += 1;
      if (calls > 3) return removeBatch(keys);
      await removeBatch(keys.slice(0, 1));
      return keys.slice(1);
    };
    expect(await purge(table, EVENT, Date.now, FAR)).toBe('finished');
    expect(await keysOf(table)).toEqual(['C']);

    table.seed(...itemsOf('c1'));
    let throttled = 0;
    table.removeBatch = (keys) => {
      throttled += 1;
      if (throttled > 100) throw definiteError('TooManyCalls');
      return Promise.resolve([...keys]);
    };
    expect(await purge(table, EVENT, Date.now, Date.now() + 400)).toBe('unfinished');
    expect(throttled).toBeLessThan(10);
  });
});
