import type { PurgeEvent } from '../../protocol/items.ts';
import { MESSAGE_PREFIX, partitionOf, type Key } from '../../protocol/keys.ts';
import { MAX_BATCH_WRITE_ITEMS, type Table } from '../table/table.ts';
import { untilKnown } from '../table/persist.ts';

/** Sort key prefixes in the order they are removed: message items first, because workers stop when theirs is gone. */
const PREFIXES = [MESSAGE_PREFIX, 'L#', 'T#', 'R#'];

/** What a pass came to. `unfinished`: time ran out, another invocation goes on. */
export type PurgeOutcome = 'finished' | 'unfinished';

/**
 * Removes everything a conversation holds but its tombstone. Repeatable, and it can stop anywhere: what is left is
 * removed by the next pass. Stops at `deadlineAt`.
 */
export async function purge(
  table: Table,
  event: PurgeEvent,
  now: () => number,
  deadlineAt: number,
): Promise<PurgeOutcome> {
  const pk = partitionOf(event.owner, event.conversationId);
  for (const prefix of PREFIXES) {
    const keys = table.range<Key>({ pk, from: prefix, to: `${prefix}~` }, { attributes: ['pk', 'sk'] });
    let batch: Key[] = [];
    for await (const key of keys) {
      batch.push(key);
      if (batch.length < MAX_BATCH_WRITE_ITEMS) continue;
      if (now() >= deadlineAt) return 'unfinished';
      await removeAll(table, batch);
      batch = [];
    }
    await removeAll(table, batch);
  }
  return 'finished';
}

async function removeAll(table: Table, keys: readonly Key[]): Promise<void> {
  let left = keys;
  while (left.length > 0) left = await untilKnown(() => table.removeBatch(left));
}
