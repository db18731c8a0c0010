import type { LogItem } from '../../protocol/items.ts';
import { IF_ABSENT } from '../../protocol/writes.ts';
import { get, put, type Rule } from './operations.ts';

/**
 * Puts a batch into its slot of the log, only where nothing is: a slot that another writer took fences this one (I4). A
 * taken slot is one's own, from a put whose answer was lost, only with the same claim and text.
 */
export function* writeSlot(item: LogItem): Rule<'written' | 'fenced'> {
  if ((yield* put('slot', item, IF_ABSENT)) === 'stored') return 'written';
  const stored = yield* get<LogItem>('slot.own', item);
  const isOwn = stored?.claimId === item.claimId && stored.text === item.text && stored.kind === 'BATCH';
  return isOwn ? 'written' : 'fenced';
}
