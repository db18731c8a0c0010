import { setTimeout as delay } from 'node:timers/promises';
import type { PurgeEvent } from '../../protocol/items.ts';
import { partitionOf, PURGED_PREFIXES, type Key } from '../../protocol/keys.ts';
import { MAX_BATCH_WRITE_ITEMS, type Table } from '../table/table.ts';
import { untilKnown } from '../table/persist.ts';

/** First and longest pause after DynamoDB did not get to a part of a batch. */
const FIRST_WAIT_MS = 50;
const LONGEST_WAIT_MS = 1_000;

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
  for (const prefix of PURGED_PREFIXES) {
    const keys = table.range<Key>({ pk, from: prefix, to: `${prefix}~` }, { attributes: ['pk', 'sk'] });
    let batch: Key[] = [];
    for await (const key of keys) {
      batch.push(key);
      if (batch.length < MAX_BATCH_WRITE_ITEMS) continue;
      if (!(await removeAll(table, batch, now, deadlineAt))) return 'unfinished';
      batch = [];
    }
    if (!(await removeAll(table, batch, now, deadlineAt))) return 'unfinished';
  }
  return 'finished';
}

/** Removes a batch; what DynamoDB did not get to is repeated with growing pauses. False when time ran out before. */
async function removeAll(
  table: Table,
  batch: readonly Key[],
  now: () => number,
  deadlineAt: number,
): Promise<boolean> {
  let left = batch;
  for (let wait = FIRST_WAIT_MS; left.length > 0; wait = Math.min(wait * 2, LONGEST_WAIT_MS)) {
    if (now() >= deadlineAt) return false;
    left = await untilKnown(() => table.removeBatch(left));
    if (left.length > 0) await delay(wait);
  }
  return true;
}
