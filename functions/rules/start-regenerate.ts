import { ChatError } from '../../protocol/errors.ts';
import {
  regenerateRequestItem,
  type ConversationItem,
  type MessageItem,
  type RegenerateInput,
} from '../../protocol/items.ts';
import { conversationKey, messageKey } from '../../protocol/keys.ts';
import { get, type Rule } from './operations.ts';
import { startAnswer, type StartedAnswer } from './start-answer.ts';

/**
 * Stores another answer to the user message of an answer exactly like the `regenerateMessage` pipeline: it becomes a
 * sibling and nothing is overwritten; a repeat on either door meets the same one (I5). Throws NOT_FOUND and CONFLICT, and
 * INVALID_INPUT for what is no answer.
 */
export function* storeRegenerate(
  owner: string,
  input: RegenerateInput,
  nowMs: number,
  ulid: string,
): Rule<StartedAnswer> {
  const { conversationId, messageId } = input;
  const conversation = yield* get<ConversationItem>(
    'regenerate.conversation',
    conversationKey(owner, conversationId),
    true,
  );
  if (!conversation || conversation.deletedAt) throw new ChatError('NOT_FOUND');
  const target = yield* messageNamed('regenerate.target', messageKey(owner, conversationId, messageId));
  if (target.role !== 'ASSISTANT') throw new ChatError('INVALID_INPUT');
  const questionKey = messageKey(owner, conversationId, target.parentId ?? messageId);
  const question = yield* messageNamed('regenerate.question', questionKey);
  const createdAt = new Date(nowMs).toISOString();
  const decided = { ulid, userMessageId: question.id, createdAt };
  const wanted = regenerateRequestItem(owner, input, decided);
  return yield* startAnswer({ kind: 'regenerate', owner, input, wanted, nowMs });
}

function* messageNamed(step: string, key: ReturnType<typeof messageKey>): Rule<MessageItem> {
  const message = yield* get<MessageItem>(step, key, true);
  if (!message) throw new ChatError('NOT_FOUND');
  return message;
}
