import { cancelPending, flagCancel } from '../../protocol/cancel.ts';
import { ChatError } from '../../protocol/errors.ts';
import type { AssistantMessageItem } from '../../protocol/items.ts';
import { messageKey } from '../../protocol/keys.ts';
import { isTerminal } from '../../protocol/sequence.ts';
import { isSuspect } from '../../protocol/writes.ts';
import { untilKnown } from '../table/persist.ts';
import type { Table } from '../table/table.ts';
import { readNamedMessage, type MessageName } from './named-message.ts';
import type { HttpPorts } from './serve.ts';

/** A claim or a hand-over may come between a look and its write; each round takes one of them. */
const MAX_ROUNDS = 5;

/**
 * Cancels like `cancelMessage`: a terminal message stays as it is, PENDING ends at once (settle publishes END), STREAMING
 * is flagged for its worker. Idempotent. Answers the message as stored afterwards. Throws INVALID_INPUT and NOT_FOUND like
 * every read of a message.
 */
export async function cancel(
  ports: Pick<HttpPorts, 'table' | 'clock' | 'invoke' | 'settleFunction'>,
  name: MessageName,
): Promise<AssistantMessageItem> {
  const now = ports.clock.now();
  await readNamedMessage(ports.table, name);
  const nowIso = new Date(now).toISOString();
  const message = await cancelled(ports.table, name, nowIso);
  // A PENDING answer that this request ended has no worker to publish its END; a suspect one may have none to see the flag.
  const isOwnEnd = message.status === 'CANCELLED' && !message.claimId && message.cancelRequestedAt === nowIso;
  if (isOwnEnd || isSuspect(message, now)) {
    const { owner, conversationId, messageId } = name;
    await ports.invoke(ports.settleFunction, { owner, conversationId, messageId, attempt: message.attempt });
  }
  return message;
}

async function cancelled(
  table: Table,
  { owner, conversationId, messageId }: MessageName,
  nowIso: string,
): Promise<AssistantMessageItem> {
  const key = messageKey(owner, conversationId, messageId);
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const flagged = await untilKnown(() => table.update<AssistantMessageItem>(flagCancel(key, nowIso)));
    if (flagged !== 'refused') return flagged;
    const stored = await untilKnown(() => table.get<AssistantMessageItem>(key));
    if (!stored) throw new ChatError('NOT_FOUND');
    if (isTerminal(stored.status)) return stored;
    if (stored.status !== 'PENDING') continue;
    const ended = await untilKnown(() => table.update<AssistantMessageItem>(cancelPending(stored, nowIso)));
    if (ended !== 'refused') return ended;
  }
  throw new ChatError('INTERNAL', {
    cause: new Error('The message changed hands between every look and its write'),
  });
}
