import type { TokenBatch } from '../../protocol/generated/schema-types.ts';
import type { AssistantMessageItem } from '../../protocol/items.ts';

/** A token batch without what its door adds: the sequence number of the GraphQL door, the time of publishing. */
export type MessageBatch = Omit<TokenBatch, 'seq' | 'publishedAt'>;

/**
 * A batch of the message's newest attempt, empty and STREAMING unless the fields say otherwise. Keys are in the schema's
 * order, because SSE readers see them.
 */
export function messageBatch(
  message: AssistantMessageItem,
  { kind, offset, ...fields }: Partial<MessageBatch> & Pick<MessageBatch, 'kind' | 'offset'>,
): MessageBatch {
  return {
    conversationId: message.conversationId,
    messageId: message.id,
    owner: message.owner,
    attempt: message.attempt,
    kind,
    part: 'TEXT',
    offset,
    text: '',
    resumeOffset: message.resumeOffset,
    resumeReasoningOffset: message.resumeReasoningOffset,
    nextWithinMs: 0,
    status: 'STREAMING',
    userMessageId: message.userMessageId,
    end: null,
    ...fields,
  };
}
