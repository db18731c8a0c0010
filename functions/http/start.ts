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
import { untilKnown } from '../table/persist.ts';
import type { Table } from '../table/table.ts';

/** A stored send. */
export interface StartedSend {
  readonly message: AssistantMessageItem;
  /** Whether this request may run the attempt: it is new, or PENDING and not invoked for 2 s. */
  readonly mayRun: boolean;
}

/**
 * Stores a send exactly like the `sendMessage` pipeline: the same items in the same order with the same conditions, so
 * that a repeat on either door meets the same answer (I5).
 */
export async function startSend(
  table: Table,
  owner: string,
  input: SendInput,
  nowMs: number,
  ulid: string,
): Promise<StartedSend> {
  const conversation = await table.get<ConversationItem>(conversationKey(owner, input.conversationId));
  if (conversation?.deletedAt) throw new ChatError('NOT_FOUND');
  const wanted = sendRequestItem(owner, input, {
    ulid,
    parentId: await parentOf(table, owner, input, conversation),
    createdAt: new Date(nowMs).toISOString(),
  });
  const request = await putOrMeet<RequestItem>(table, wanted);
  if (!isSameRequest(request, wanted)) throw new ChatError('CONFLICT');
  const touch = touchConversation(owner, input.conversationId, request, derivedTitle(input.text));
  const touched = await untilKnown(() => table.update<ConversationItem>(touch));
  if (touched === 'refused') {
    const stored = await table.get<ConversationItem>(touch.key);
    if (!stored || stored.deletedAt) throw new ChatError('NOT_FOUND');
  }
  await putOrMeet<MessageItem>(table, userMessageItem(owner, input, request));
  const fresh = assistantMessageItem(owner, input, request, nowMs);
  const message = await putOrMeet<AssistantMessageItem>(table, fresh);
  if (message === fresh) return { message, mayRun: true };
  if (message.status !== 'PENDING') return { message, mayRun: false };
  const renewed = await untilKnown(() => table.update<AssistantMessageItem>(renewStart(message, nowMs)));
  return renewed === 'refused' ? { message, mayRun: false } : { message: renewed, mayRun: true };
}

async function parentOf(
  table: Table,
  owner: string,
  input: SendInput,
  conversation: ConversationItem | undefined,
): Promise<string | null> {
  if (input.parentId === undefined) return conversation?.lastMessageId ?? null;
  if (input.parentId === null) return null;
  const parent = await table.get<MessageItem>(messageKey(owner, input.conversationId, input.parentId));
  if (!parent) throw new ChatError('NOT_FOUND');
  return parent.id;
}

/** Puts an item where nothing is; returns it, or the one that was there first. */
async function putOrMeet<Item extends Key>(table: Table, item: Item): Promise<Item> {
  const result = await untilKnown(() => table.put(item, IF_ABSENT));
  if (result === 'stored') return item;
  const stored = await untilKnown(() => table.get<Item>(item));
  if (!stored) throw new ChatError('NOT_FOUND');
  return stored;
}
