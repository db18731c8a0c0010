import type { AssistantMessageItem, ConversationItem, GenerationEvent } from '../../protocol/items.ts';
import { conversationKey, messageKey } from '../../protocol/keys.ts';
import { LEASE_MS } from '../../protocol/limits.ts';
import { assign } from '../../protocol/writes.ts';
import { untilKnown } from '../table/persist.ts';
import type { Table } from '../table/table.ts';

/** A claimed message, or why there is none: someone else has it, or its conversation is deleted. */
export type Claim = { readonly message: AssistantMessageItem } | 'taken' | 'deleted';

/**
 * Claims exactly this attempt: PENDING -> STREAMING with a lease. At most one caller gets the message (I4); everyone else
 * is told `taken`. A refusal after an unclear result is resolved by a strong read of the claim id.
 */
export async function claim(
  table: Table,
  event: GenerationEvent,
  claimId: string,
  now: number,
): Promise<Claim> {
  const key = messageKey(event.owner, event.conversationId, event.messageId);
  const written = await untilKnown(() =>
    table.update<AssistantMessageItem>({
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
    }),
  );
  const message = written === 'refused' ? await ownClaim(table, key, claimId) : written;
  if (!message) return 'taken';
  const conversation = await untilKnown(() =>
    table.get<ConversationItem>(conversationKey(event.owner, event.conversationId)),
  );
  if (conversation && !conversation.deletedAt) return { message };
  await untilKnown(() => table.remove(key));
  return 'deleted';
}

async function ownClaim(
  table: Table,
  key: { pk: string; sk: string },
  claimId: string,
): Promise<AssistantMessageItem | undefined> {
  const stored = await untilKnown(() => table.get<AssistantMessageItem>(key));
  return stored?.claimId === claimId && stored.status === 'STREAMING' ? stored : undefined;
}
