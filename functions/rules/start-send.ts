import { ChatError } from '../../protocol/errors.ts';
import {
  assistantMessageItem,
  derivedTitle,
  isSameRequest,
  sendRequestItem,
  userMessageItem,
  type AssistantMessageItem,
  type ConversationItem,
  type MessageItem,
  type RequestItem,
  type SendInput,
} from '../../protocol/items.ts';
import { conversationKey, messageKey, type Key } from '../../protocol/keys.ts';
import { IF_ABSENT, renewStart, touchConversation } from '../../protocol/writes.ts';
import { get, put, update, type Rule } from './operations.ts';

/** A stored send. */
export interface StartedSend {
  readonly message: AssistantMessageItem;
  /** Whether this request may run the attempt: it is new, or PENDING and not invoked for 2 s. */
  readonly mayRun: boolean;
}

/**
 * Stores a send exactly like the `sendMessage` pipeline: the same items in the same order with the same conditions, so
 * that a repeat on either door meets the same answer (I5). Throws NOT_FOUND and CONFLICT.
 */
export function* storeSend(owner: string, input: SendInput, nowMs: number, ulid: string): Rule<StartedSend> {
  const conversation = yield* get<ConversationItem>(
    'send.conversation',
    conversationKey(owner, input.conversationId),
    true,
  );
  if (conversation?.deletedAt) throw new ChatError('NOT_FOUND');
  const parentId = yield* parentOf(owner, input, conversation);
  const createdAt = new Date(nowMs).toISOString();
  const wanted = sendRequestItem(owner, input, { ulid, parentId, createdAt });
  const request = yield* putOrMeet<RequestItem>('send.request', wanted);
  if (!isSameRequest(request, wanted)) throw new ChatError('CONFLICT');
  const touch = touchConversation(owner, input.conversationId, request, derivedTitle(input.text));
  const touched = yield* update<ConversationItem>('send.touch', touch);
  if (touched === 'refused') {
    const stored = yield* get<ConversationItem>('send.tombstone', touch.key, true);
    if (!stored || stored.deletedAt) throw new ChatError('NOT_FOUND');
  }
  yield* putOrMeet<MessageItem>('send.user', userMessageItem(owner, input, request));
  const fresh = assistantMessageItem(owner, input, request, nowMs);
  const message = yield* putOrMeet<AssistantMessageItem>('send.assistant', fresh);
  if (message === fresh) return { message, mayRun: true };
  if (message.status !== 'PENDING') return { message, mayRun: false };
  // This request's own put, whose answer was lost: nobody else would run it before it is ended as lost.
  if (request.ulid === ulid && message.invokedAt === nowMs) return { message, mayRun: true };
  const renewed = yield* update<AssistantMessageItem>('send.renew', renewStart(message, nowMs));
  return renewed === 'refused' ? { message, mayRun: false } : { message: renewed, mayRun: true };
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

/** Puts an item where nothing is; returns it, or the one that was there first. */
function* putOrMeet<Item extends Key>(step: string, item: Item): Rule<Item> {
  if ((yield* put(step, item, IF_ABSENT)) === 'stored') return item;
  const stored = yield* get<Item>(`${step}.met`, item);
  if (!stored) throw new ChatError('NOT_FOUND');
  return stored;
}
