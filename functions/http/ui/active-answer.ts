import type { ConversationItem, MessageItem } from '../../../protocol/items.ts';
import { conversationKey, MESSAGE_PREFIX, partitionOf } from '../../../protocol/keys.ts';
import { DEFAULT_PAGE_SIZE } from '../../../protocol/limits.ts';
import { isTerminal } from '../../../protocol/sequence.ts';
import type { Table } from '../../table/table.ts';

const ATTRIBUTES = ['id', 'role', 'status'];

/**
 * The id of the newest answer that is not terminal, among the 50 newest messages; strongly consistent. Undefined when there
 * is none, and for a conversation that is absent, foreign or deleted alike (I8).
 */
export async function activeAnswer(
  table: Table,
  owner: string,
  conversationId: string,
): Promise<string | undefined> {
  const conversation = await table.get<ConversationItem>(conversationKey(owner, conversationId));
  if (!conversation || conversation.deletedAt) return undefined;
  const newest = table.range<Pick<MessageItem, 'id' | 'role' | 'status'>>(
    { pk: partitionOf(owner, conversationId), from: MESSAGE_PREFIX, to: `${MESSAGE_PREFIX}~` },
    { backwards: true, limit: DEFAULT_PAGE_SIZE, attributes: ATTRIBUTES },
  );
  for await (const { id, role, status } of newest) if (role === 'ASSISTANT' && !isTerminal(status)) return id;
  return undefined;
}
