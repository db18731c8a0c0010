import { ChatError } from '../../protocol/errors.ts';
import { isId } from '../../protocol/ids.ts';
import type { ConversationItem, MessageItem } from '../../protocol/items.ts';
import { conversationKey, messageKey } from '../../protocol/keys.ts';
import type { Table } from '../table/table.ts';

/** What a path names, with the caller as its owner. */
export interface MessageName {
  readonly owner: string;
  readonly conversationId: string;
  readonly messageId: string;
}

/** Throws INVALID_INPUT for what is no id. */
export function checkIds({ conversationId, messageId }: MessageName): void {
  if (!isId(conversationId) || !isId(messageId)) throw new ChatError('INVALID_INPUT');
}

/**
 * The caller's message as stored, strongly consistent. Throws INVALID_INPUT for what is no id, and NOT_FOUND for an absent,
 * foreign or deleted one (I8).
 */
export async function readNamedMessage<Item extends MessageItem = MessageItem>(
  table: Table,
  name: MessageName,
): Promise<Item> {
  checkIds(name);
  const { owner, conversationId, messageId } = name;
  const [conversation, message] = await Promise.all([
    table.get<ConversationItem>(conversationKey(owner, conversationId)),
    table.get<Item>(messageKey(owner, conversationId, messageId)),
  ]);
  if (!message || !conversation || conversation.deletedAt) throw new ChatError('NOT_FOUND');
  return message;
}
