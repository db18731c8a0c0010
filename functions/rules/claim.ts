import type { AssistantMessageItem, ConversationItem, GenerationEvent } from '../../protocol/items.ts';
import { conversationKey, messageKey, type Key } from '../../protocol/keys.ts';
import { LEASE_MS } from '../../protocol/limits.ts';
import { assign } from '../../protocol/writes.ts';
import { get, remove, update, type Rule } from './operations.ts';

/** A claimed message, or why there is none: someone else has it, or its conversation is deleted. */
export type Claim = { readonly message: AssistantMessageItem } | 'taken' | 'deleted';

/**
 * Claims exactly this attempt: PENDING -> STREAMING with a lease. At most one caller gets the message (I4); everyone else
 * is told `taken`. A refusal after an unclear result is resolved by a strong read of the claim id. The message of a
 * deleted conversation is removed.
 */
export function* claimAttempt(event: GenerationEvent, claimId: string, now: number): Rule<Claim> {
  const key = messageKey(event.owner, event.conversationId, event.messageId);
  const written = yield* update<AssistantMessageItem>('claim', {
    key,
    update: assign({
      status: 'STREAMING',
      claimId,
      leaseUntil: now + LEASE_MS,
      startedAt: new Date(now).toISOString(),
    }),
    condition: {
      expression: '#status = :pending AND #attempt = :attempt',
      names: { '#status': 'status', '#attempt': 'attempt' },
      values: { ':pending': 'PENDING', ':attempt': event.attempt },
    },
  });
  const message = written === 'refused' ? yield* ownClaim(key, claimId) : written;
  if (!message) return 'taken';
  const conversation = yield* get<ConversationItem>(
    'claim.tombstone',
    conversationKey(event.owner, event.conversationId),
  );
  if (conversation && !conversation.deletedAt) return { message };
  yield* remove('claim.remove', key);
  return 'deleted';
}

function* ownClaim(key: Key, claimId: string): Rule<AssistantMessageItem | undefined> {
  const stored = yield* get<AssistantMessageItem>('claim.own', key);
  return stored?.claimId === claimId && stored.status === 'STREAMING' ? stored : undefined;
}
