import { ChatError } from '../../protocol/errors.ts';
import {
  derivedTitle,
  sendRequestItem,
  userMessageItem,
  type ConversationItem,
  type MessageItem,
  type SendInput,
} from '../../protocol/items.ts';
import { conversationKey, messageKey } from '../../protocol/keys.ts';
import { get, type Rule } from './operations.ts';
import { startAnswer, type StartedAnswer } from './start-answer.ts';

export type { StartedAnswer as StartedSend } from './start-answer.ts';

/**
 * Stores a send exactly like the `sendMessage` pipeline: the same items in the same order with the same conditions, so
 * that a repeat on either door meets the same answer (I5). Throws NOT_FOUND and CONFLICT.
 */
export function* storeSend(
  owner: string,
  input: SendInput,
  nowMs: number,
  ulid: string,
): Rule<StartedAnswer> {
  const conversation = yield* get<ConversationItem>(
    'send.conversation',
    conversationKey(owner, input.conversationId),
    true,
  );
  if (conversation?.deletedAt) throw new ChatError('NOT_FOUND');
  const parentId = yield* parentOf(owner, input, conversation);
  const createdAt = new Date(nowMs).toISOString();
  return yield* startAnswer({
    kind: 'send',
    owner,
    input,
    wanted: sendRequestItem(owner, input, { ulid, parentId, createdAt }),
    nowMs,
    title: derivedTitle(input.text),
    question: (request) => userMessageItem(owner, input, request),
  });
}

function* parentOf(
  owner: string,
  input: SendInput,
  conversation: ConversationItem | undefined,
): Rule<string | null> {
  if (input.parentId === undefined) return conversation?.lastMessageId ?? null;
  if (input.parentId === null) return null;
  const key = messageKey(owner, input.conversationId, input.parentId);
  const parent = yield* get<MessageItem>('send.parent', key, true);
  if (!parent) throw new ChatError('NOT_FOUND');
  return parent.id;
}
