import type { AssistantMessageItem, LogItem } from '../../protocol/items.ts';
import { logSlot } from '../../protocol/keys.ts';
import { LOG_TTL_SECONDS } from '../../protocol/limits.ts';
import { IF_ABSENT } from '../../protocol/writes.ts';
import { get, put, type Rule } from './operations.ts';

/** The whole answer's figures at one point of its log. */
export interface LogFigures {
  readonly textLength: number;
  readonly reasoningLength: number;
  /** SHA-256 of the text so far. */
  readonly sha256: string;
}

/** One batch as it lies in its slot: keyed by the position where the log ended before it, with the figures after it. */
export function batchItem(
  message: AssistantMessageItem,
  before: Omit<LogFigures, 'sha256'>,
  batch: Pick<LogItem, 'seq' | 'part' | 'offset' | 'text'>,
  after: LogFigures,
  now: number,
): LogItem {
  return {
    pk: message.pk,
    sk: logSlot(message.id, before.textLength + before.reasoningLength, message.attempt),
    messageId: message.id,
    kind: 'BATCH',
    attempt: message.attempt,
    seq: batch.seq,
    part: batch.part,
    offset: batch.offset,
    text: batch.text,
    claimId: message.claimId ?? '',
    textLength: after.textLength,
    reasoningLength: after.reasoningLength,
    sha256: after.sha256,
    ttl: Math.floor(now / 1000) + LOG_TTL_SECONDS,
  };
}

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
