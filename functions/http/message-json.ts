import type { Message } from '../../protocol/generated/schema-types.ts';
import type { MessageItem } from '../../protocol/items.ts';

/** The fields of the schema's `Message` in its order, as GraphQL answers them; nothing else of the item leaves. */
export function messageJson(item: MessageItem): Message {
  return {
    id: item.id,
    conversationId: item.conversationId,
    parentId: item.parentId,
    role: item.role,
    text: item.text,
    reasoning: item.reasoning ?? null,
    status: item.status,
    attempt: item.attempt,
    model: item.model,
    clientMessageId: item.clientMessageId,
    end: item.end,
    createdAt: item.createdAt,
  };
}
