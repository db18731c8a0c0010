import { ChatError } from '../../protocol/errors.ts';
import {
  assistantMessageItem,
  generationEventOf,
  isSameRequest,
  type AssistantMessageItem,
  type ConversationItem,
  type MessageItem,
  type RequestItem,
} from '../../protocol/items.ts';
import type { Key } from '../../protocol/keys.ts';
import { confirmStart, IF_ABSENT, isStartDue, renewStart, touchConversation } from '../../protocol/writes.ts';
import { get, invoke, put, update, type Rule } from './operations.ts';

/** A stored send or regenerate. */
export interface StartedAnswer {
  readonly message: AssistantMessageItem;
  /** Whether this request should run the attempt: nobody had claimed it. Its own claim decides. */
  readonly mayRun: boolean;
}

/** What an answer is started with. */
export interface AnswerStart {
  /** The kind of request, which begins the name of each step. */
  readonly kind: 'send' | 'regenerate';
  readonly owner: string;
  readonly input: { readonly conversationId: string; readonly clientMessageId: string };
  /** The request item to put first; a stored one of the same input takes its place. */
  readonly wanted: RequestItem;
  readonly nowMs: number;
  /** A title for a conversation that has none. */
  readonly title?: string;
  /** The question to store with the answer, unless it is stored already. */
  readonly question?: (request: RequestItem) => MessageItem;
}

/**
 * Stores the PENDING answer of a request: the request item first, which decides the ids of every repeat (I5), then the
 * conversation, the question and the answer. Each write is harmless when repeated. Throws CONFLICT for other input under
 * one `clientMessageId`, NOT_FOUND when the conversation was deleted.
 */
export function* startAnswer(start: AnswerStart): Rule<StartedAnswer> {
  const { kind, owner, input, wanted, nowMs } = start;
  const request = yield* putOrMeet<RequestItem>(`${kind}.request`, wanted);
  if (!isSameRequest(request, wanted)) throw new ChatError('CONFLICT');
  const touch = touchConversation(owner, input.conversationId, request, start.title);
  const touched = yield* update<ConversationItem>(`${kind}.touch`, touch);
  if (touched === 'refused') {
    const stored = yield* get<ConversationItem>(`${kind}.tombstone`, touch.key, true);
    if (!stored || stored.deletedAt) throw new ChatError('NOT_FOUND');
  }
  if (start.question) yield* putOrMeet<MessageItem>(`${kind}.user`, start.question(request));
  const fresh = assistantMessageItem(owner, input, request, nowMs);
  const message = yield* putOrMeet<AssistantMessageItem>(`${kind}.assistant`, fresh);
  if (message === fresh) return { message, mayRun: true };
  return yield* startAgain(kind, message, nowMs);
}

/**
 * What a repeat does about an answer that nobody has claimed: the first attempt it runs itself, for its own claim decides;
 * of a later one a sink would miss what came before, so it invokes `generate` and follows.
 */
function* startAgain(kind: string, message: AssistantMessageItem, nowMs: number): Rule<StartedAnswer> {
  const isFirst = message.attempt === 1;
  if (message.status !== 'PENDING' || (!isFirst && !isStartDue(message, nowMs)))
    return { message, mayRun: false };
  let current = message;
  if (message.leaseUntil < nowMs) {
    const renewed = yield* update<AssistantMessageItem>(`${kind}.renew`, renewStart(message, nowMs));
    // Another repeat did it, or somebody claimed or ended the answer: the claim tells.
    if (renewed !== 'refused') current = renewed;
  }
  if (isFirst) return { message: current, mayRun: true };
  yield* invoke(`${kind}.invoke`, generationEventOf(message));
  const confirmed = yield* update<AssistantMessageItem>(`${kind}.confirm`, confirmStart(message, nowMs));
  return { message: confirmed === 'refused' ? current : confirmed, mayRun: false };
}

/** Puts an item where nothing is; returns it, or the one that was there first. */
function* putOrMeet<Item extends Key>(step: string, item: Item): Rule<Item> {
  if ((yield* put(step, item, IF_ABSENT)) === 'stored') return item;
  const stored = yield* get<Item>(`${step}.met`, item);
  if (!stored) throw new ChatError('NOT_FOUND');
  return stored;
}
