import { cancelPending, endedUnclaimed, flagCancel } from '../../protocol/cancel.ts';
import { ChatError } from '../../protocol/errors.ts';
import type { AssistantMessageItem, ConversationItem } from '../../protocol/items.ts';
import { conversationKey, messageKey } from '../../protocol/keys.ts';
import { isTerminal } from '../../protocol/sequence.ts';
import { isSuspect } from '../../protocol/writes.ts';
import { get, update, type Rule } from './operations.ts';

/** A claim or a hand-over may come between a look and its write; each round meets one of them. */
const MAX_ROUNDS = 5;

/** A cancelled message as stored, or a terminal one as it was. */
export interface Cancelled {
  readonly message: AssistantMessageItem;
  /** Whether the caller has to start settle: nobody else may publish its END or see its flag. */
  readonly needsSettle: boolean;
}

/**
 * Cancels exactly like the `cancelMessage` pipeline, by the same writes: a terminal message stays as it is, PENDING ends at
 * once, STREAMING is flagged for its worker. Repeatable. Throws NOT_FOUND, and INTERNAL when the message changes hands
 * between every look and its write.
 */
export function* cancelMessage(
  { owner, conversationId, messageId }: { owner: string; conversationId: string; messageId: string },
  nowMs: number,
): Rule<Cancelled> {
  const conversation = yield* get<ConversationItem>(
    'cancel.conversation',
    conversationKey(owner, conversationId),
    true,
  );
  if (!conversation || conversation.deletedAt) throw new ChatError('NOT_FOUND');
  const key = messageKey(owner, conversationId, messageId);
  const nowIso = new Date(nowMs).toISOString();
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const flagged = yield* update<AssistantMessageItem>('cancel.flag', flagCancel(key, nowIso));
    if (flagged !== 'refused') return { message: flagged, needsSettle: isSuspect(flagged, nowMs) };
    const stored = yield* get<AssistantMessageItem>('cancel.stored', key);
    if (!stored) throw new ChatError('NOT_FOUND');
    if (isTerminal(stored.status)) return { message: stored, needsSettle: endedUnclaimed(stored) };
    if (stored.status !== 'PENDING') continue;
    const ended = yield* update<AssistantMessageItem>('cancel.end', cancelPending(stored, nowIso));
    if (ended !== 'refused') return { message: ended, needsSettle: true };
  }
  throw new ChatError('INTERNAL', {
    cause: new Error('The message changed hands between every look and its write'),
  });
}
