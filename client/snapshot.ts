import type { ChatError } from '../protocol/errors.ts';
import type { GenerationEnd, MessageRole, MessageStatus } from '../protocol/generated/schema-types.ts';

/**
 * How a conversation is connected. `connecting`: the first subscription is not acknowledged yet. `live`: batches arrive and
 * nothing has been missing for more than 300 ms. `catching-up`: connected, and reading what was missed. `reconnecting`: the
 * subscription was lost, or is being opened after the service was away. `offline`: the service does not answer; retried
 * until it does.
 */
export type ConnectionState = 'connecting' | 'live' | 'reconnecting' | 'catching-up' | 'offline';

/** One message of a snapshot. Immutable: the same object for as long as nothing about the message changes. */
export interface ChatMessage {
  /** The service's id; a `pending` message carries its `clientMessageId` until it has one. */
  readonly id: string;
  readonly role: MessageRole;
  readonly parentId: string | null;
  /** Everything received up to the first hole (I1); the whole verified text once `end` is set. */
  readonly text: string;
  readonly reasoning: string;
  /**
   * The stored status, with one delay: a terminal status shows once all its text is here and agrees with the receipt, and
   * the message counts as STREAMING until then.
   */
  readonly status: MessageStatus;
  /** The receipt: set exactly when `status` is terminal. Null for user messages. */
  readonly end: GenerationEnd | null;
  readonly attempt: number;
  /** A user message that the service has not accepted yet; it is being sent, again and again if need be, unless `refusal` is set. */
  readonly pending: boolean;
  /**
   * Why the service refused a pending message that was kept through a reload: nobody waits for its `send` any more. Shown
   * until `discard`; null for all others, whose `send` rejects.
   */
  readonly refusal: ChatError | null;
  /** The id of the send or regenerate that made it: the same before and after the service accepted it. */
  readonly clientMessageId: string | null;
  readonly model: string | null;
  /** When it was stored (ISO 8601); null while pending and until the message is listed. */
  readonly createdAt: string | null;
  /** Within how many milliseconds a UI may reveal the newest text; 0: at once. */
  readonly nextWithinMs: number;
}

/** An immutable snapshot of a conversation: a new object only when something changed. */
export interface ConversationState {
  readonly connection: ConnectionState;
  /** Oldest first; pending ones last. An answer that only a batch told of comes together with its question. */
  readonly messages: readonly ChatMessage[];
  /** Whether `loadMore` has older messages to load. */
  readonly hasMore: boolean;
  /**
   * Why the conversation is not connected, when known: a credential that is refused, a deleted conversation, an id that can be
   * none (INVALID_INPUT, nothing is asked for then), no answer.
   */
  readonly error: ChatError | undefined;
}

/** What every conversation begins with: nothing is known yet. */
export const UNCONNECTED: ConversationState = {
  connection: 'connecting',
  messages: [],
  hasMore: false,
  error: undefined,
};

/** `previous` when it equals `next` field by field, so that what did not change keeps its identity. */
export function shared<Value extends object>(previous: Value | undefined, next: Value): Value {
  if (!previous) return next;
  const keys = Object.keys(next) as (keyof Value)[];
  const isSame =
    keys.length === Object.keys(previous).length && keys.every((key) => Object.is(previous[key], next[key]));
  return isSame ? previous : next;
}

/** `previous` when it holds the same items in the same order. */
export function sharedList<Item>(previous: readonly Item[], next: readonly Item[]): readonly Item[] {
  if (previous === next) return previous;
  const isSame = previous.length === next.length && next.every((item, index) => item === previous[index]);
  return isSame ? previous : next;
}
