import { ChatError } from '../../protocol/errors.ts';
import type { Conversation, Message } from '../../protocol/generated/schema-types.ts';
import { isId } from '../../protocol/ids.ts';
import type { ConversationItem, MessageItem } from '../../protocol/items.ts';
import {
  conversationKey,
  LISTING_INDEX,
  listingSort,
  MESSAGE_PREFIX,
  messageKey,
  partitionOf,
} from '../../protocol/keys.ts';
import { DEFAULT_PAGE_SIZE } from '../../protocol/limits.ts';
import { limitProblem } from '../../protocol/validation.ts';
import type { Table } from '../table/table.ts';
import { messageJson } from './message-json.ts';
import { placeOf, tokenOf } from './page-token.ts';

/** The page a listing is asked for. */
export interface PageRequest {
  readonly limit: number;
  readonly nextToken: string | undefined;
}

/** A page as GraphQL answers it. */
export interface Page<Item> {
  readonly items: readonly Item[];
  readonly nextToken: string | null;
}

/** Reads `limit` and `nextToken`, each given at most once; throws INVALID_INPUT like the queries of the schema. */
export function pageRequest(valuesOf: (name: string) => readonly string[] | undefined): PageRequest {
  const [[limit, ...moreLimits], [nextToken, ...moreTokens]] = [
    valuesOf('limit') ?? [],
    valuesOf('nextToken') ?? [],
  ];
  const isWhole = limit === undefined || /^\d{1,9}$/.test(limit);
  const size = limit === undefined ? DEFAULT_PAGE_SIZE : Number(limit);
  if (!isWhole || limitProblem(size) || moreLimits.length + moreTokens.length > 0)
    throw new ChatError('INVALID_INPUT');
  return { limit: size, nextToken };
}

/** The caller's conversations by their last change, newest first, by the rules of the query `conversations`. */
export async function listConversations(
  table: Table,
  owner: string,
  { limit, nextToken }: PageRequest,
): Promise<Page<Conversation>> {
  const listing = `conversations of ${owner}`;
  const listSort = nextToken === undefined ? undefined : placeOf(nextToken, listing);
  const { items, hasMore } = await table.page<ConversationItem>({
    index: LISTING_INDEX,
    partition: ['listOwner', owner],
    limit,
    ...(listSort === undefined ? {} : { after: listingPlace(owner, listSort) }),
  });
  const last = items.at(-1)?.listSort;
  return {
    items: items.map(conversationJson),
    nextToken: hasMore && last !== undefined ? tokenOf(listing, last) : null,
  };
}

/**
 * The messages of the caller's conversation, newest first, by the rules of the query `messages`. Throws NOT_FOUND for an
 * absent, foreign or deleted one.
 */
export async function listMessages(
  table: Table,
  owner: string,
  conversationId: string,
  { limit, nextToken }: PageRequest,
): Promise<Page<Message>> {
  if (!isId(conversationId)) throw new ChatError('INVALID_INPUT');
  const pk = partitionOf(owner, conversationId);
  const listing = `messages of ${pk}`;
  const messageId = nextToken === undefined ? undefined : placeOf(nextToken, listing);
  if (messageId !== undefined && !isId(messageId)) throw new ChatError('INVALID_INPUT');
  const conversation = await table.get<ConversationItem>(conversationKey(owner, conversationId));
  if (!conversation || conversation.deletedAt) throw new ChatError('NOT_FOUND');
  const { items, hasMore } = await table.page<MessageItem>({
    partition: ['pk', pk],
    sort: ['sk', MESSAGE_PREFIX],
    limit,
    ...(messageId === undefined ? {} : { after: { ...messageKey(owner, conversationId, messageId) } }),
  });
  const last = items.at(-1);
  return { items: items.map(messageJson), nextToken: hasMore && last ? tokenOf(listing, last.id) : null };
}

/** The key of a conversation in the listing; its id is the part after the last `#`. */
function listingPlace(owner: string, listSort: string): Record<string, string> {
  const [updatedAt = '', id] = listSort.split('#');
  if (!isId(id) || Number.isNaN(Date.parse(updatedAt)) || listingSort(updatedAt, id) !== listSort)
    throw new ChatError('INVALID_INPUT');
  return { listOwner: owner, listSort, ...conversationKey(owner, id) };
}

function conversationJson(item: ConversationItem): Conversation {
  return {
    id: item.id,
    title: item.title ?? null,
    createdAt: item.createdAt,
    updatedAt: item.updatedAt,
    lastMessageId: item.lastMessageId ?? null,
  };
}
