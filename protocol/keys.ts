/**
 * Keys of the one table, in the APPSYNC_JS subset. A conversation and all it holds share a partition that begins with
 * the owner, so a foreign id is simply absent (I8). docs/architecture.md has the table of access patterns.
 */
import type { PartKind } from './generated/schema-types.ts';

/** Primary key of an item. */
export interface Key {
  pk: string;
  sk: string;
}

/** Name of the index that lists an owner's conversations by their last change. */
export const LISTING_INDEX = 'listing';
/** Sorts after every key character in use, for upper bounds. */
const LAST = '~';

/** Numbers in keys have nine digits, so that text order is number order. */
export function padded(value: number): string {
  return ('000000000' + value).slice(-9);
}

/** The partition of a conversation. Ids hold no `#`, so the last one separates owner and id. */
export function partitionOf(owner: string, conversationId: string): string {
  return `${owner}#${conversationId}`;
}

/** The conversation's own item; stays as a tombstone after deletion. */
export function conversationKey(owner: string, conversationId: string): Key {
  return { pk: partitionOf(owner, conversationId), sk: 'C' };
}

/** Prefix of all message items of a conversation. */
export const MESSAGE_PREFIX = 'M#';

/** What a purge removes, in this order: message items first, because workers stop when theirs is gone. */
export const PURGED_PREFIXES: readonly string[] = [MESSAGE_PREFIX, 'L#', 'T#', 'R#'];

/** A message item. */
export function messageKey(owner: string, conversationId: string, messageId: string): Key {
  return { pk: partitionOf(owner, conversationId), sk: MESSAGE_PREFIX + messageId };
}

/** The one request item of a `clientMessageId` (I5). */
export function requestKey(owner: string, conversationId: string, clientMessageId: string): Key {
  return { pk: partitionOf(owner, conversationId), sk: `R#${clientMessageId}` };
}

/** Sort key of a slot of the log: one writer only, by `attribute_not_exists` (I4). Position = text offset + reasoning offset. */
export function logSlot(messageId: string, position: number, attempt: number): string {
  return `L#${messageId}#${padded(position)}#${padded(attempt)}`;
}

/** Inclusive sort key range of a message's log from one position to another, or to its end. */
export function logRange(
  messageId: string,
  fromPosition: number,
  toPosition?: number,
): { from: string; to: string } {
  const to =
    toPosition === undefined ? `L#${messageId}#${LAST}` : `L#${messageId}#${padded(toPosition)}#${LAST}`;
  return { from: `L#${messageId}#${padded(fromPosition)}`, to };
}

/** Sort key of a text item: a piece of a stored text too long for the message item. */
export function textSlot(messageId: string, attempt: number, part: PartKind, offset: number): string {
  return `T#${messageId}#${padded(attempt)}#${part}#${padded(offset)}`;
}

/** Inclusive sort key range of the text items of one part from an offset on. */
export function textRange(
  messageId: string,
  attempt: number,
  part: PartKind,
  fromOffset: number,
): { from: string; to: string } {
  return {
    from: textSlot(messageId, attempt, part, fromOffset),
    to: `T#${messageId}#${padded(attempt)}#${part}#${LAST}`,
  };
}

/** A ticket, under the SHA-256 of its text: nothing says whose it is before it is read. */
export function ticketKey(sha256: string): Key {
  return { pk: `ticket#${sha256}`, sk: 'K' };
}

/** Sort value of a conversation in its owner's listing; the id breaks ties. */
export function listingSort(updatedAt: string, conversationId: string): string {
  return `${updatedAt}#${conversationId}`;
}
