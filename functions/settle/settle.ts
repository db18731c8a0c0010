import { ChatError } from '../../protocol/errors.ts';
import type { MessageStatus, TokenBatch } from '../../protocol/generated/schema-types.ts';
import type { AssistantMessageItem, GenerationEvent, LogItem } from '../../protocol/items.ts';
import { logRange, messageKey, type Key } from '../../protocol/keys.ts';
import { isTerminal } from '../../protocol/sequence.ts';
import { assign, isSuspect, type Expression } from '../../protocol/writes.ts';
import type { Publish } from '../generation/batch-publisher.ts';
import type { Clock } from '../generation/clock.ts';
import { messageBatch } from '../generation/message-batch.ts';
import { receipt } from '../generation/receipt.ts';
import type { LogLine } from '../service/log-line.ts';
import { storeText } from '../table/answer-text.ts';
import { untilKnown } from '../table/persist.ts';
import type { Table } from '../table/table.ts';
import { foldSealed, seal } from './seal.ts';

/** What settle works with. */
export interface SettlePorts {
  readonly table: Table;
  readonly publish: Publish;
  readonly clock: Clock;
  readonly log: LogLine;
}

/** What settle found or did. `alive`: somebody may still be working on it. */
export type SettleOutcome = 'absent' | 'alive' | 'settled' | 'terminal';

/**
 * Ends an answer that has no worker; repeatable, and safe while one lives: a STREAMING attempt is sealed first, so that
 * its worker finds its slot taken (I4). With `deadRequestId` (a failure record's) an answer claimed under it is ended at
 * once; otherwise only when its lease or start-by time is more than 3 s past. For a terminal message, whoever made it so,
 * END is published (again).
 */
export async function settle(
  ports: SettlePorts,
  event: GenerationEvent,
  deadRequestId?: string,
): Promise<SettleOutcome> {
  const read = () => untilKnown(() => ports.table.get<AssistantMessageItem>(keyOf(event)));
  const message = await read();
  if (!message) return 'absent';
  if (isTerminal(message.status)) return publishEnd(ports, message, 'terminal');
  const isDead =
    deadRequestId !== undefined &&
    message.status === 'STREAMING' &&
    (message.claimId ?? '').startsWith(`${deadRequestId}:`);
  if (!isDead && !isSuspect(message, ports.clock.now())) return 'alive';
  const ended =
    message.status === 'PENDING' ? await endPending(ports, message) : await endStreaming(ports, message);
  if (ended !== 'refused') return publishEnd(ports, ended, 'settled');
  const current = await read();
  if (current && isCancelledSince(message, current)) {
    const cancelled = await endStreaming(ports, current);
    if (cancelled !== 'refused') return publishEnd(ports, cancelled, 'settled');
  }
  const last = await read();
  if (!last) return 'absent';
  return isTerminal(last.status) ? publishEnd(ports, last, 'terminal') : 'alive';
}

function keyOf({ owner, conversationId, messageId }: GenerationEvent): Key {
  return messageKey(owner, conversationId, messageId);
}

/** The same attempt under the same claim, with a cancel flag that was not there before. */
function isCancelledSince(before: AssistantMessageItem, now: AssistantMessageItem): boolean {
  const isSame =
    now.status === 'STREAMING' && now.attempt === before.attempt && now.claimId === before.claimId;
  return isSame && !before.cancelRequestedAt && Boolean(now.cancelRequestedAt);
}

function endingOf(message: AssistantMessageItem): {
  status: Extract<MessageStatus, 'CANCELLED' | 'INTERRUPTED'>;
  reason: 'CANCELLED' | 'LOST';
  error?: ChatError;
} {
  if (message.cancelRequestedAt) return { status: 'CANCELLED', reason: 'CANCELLED' };
  return { status: 'INTERRUPTED', reason: 'LOST', error: new ChatError('LOST') };
}

function write(
  ports: SettlePorts,
  message: AssistantMessageItem,
  values: Record<string, unknown>,
  condition: Expression,
): Promise<AssistantMessageItem | 'refused'> {
  return untilKnown(() =>
    ports.table.update<AssistantMessageItem>({
      key: { pk: message.pk, sk: message.sk },
      update: assign(values),
      condition,
    }),
  );
}

/** Nobody claimed it in time. Text, length and digest of earlier attempts are on the item. */
function endPending(
  ports: SettlePorts,
  message: AssistantMessageItem,
): Promise<AssistantMessageItem | 'refused'> {
  const ending = endingOf(message);
  const end = receipt(message, ending, {
    length: message.resumeOffset,
    sha256: message.sha256,
    reasoningLength: message.resumeReasoningOffset,
    usage: message.usage ?? null,
    transport: null,
    model: null,
    firstTokenAt: undefined,
    endedAt: ports.clock.now(),
  });
  return write(
    ports,
    message,
    { status: ending.status, end },
    {
      expression: '#status = :pending AND #attempt = :attempt AND #leaseUntil = :leaseUntil',
      names: { '#status': 'status', '#attempt': 'attempt', '#leaseUntil': 'leaseUntil' },
      values: { ':pending': 'PENDING', ':attempt': message.attempt, ':leaseUntil': message.leaseUntil },
    },
  );
}

async function endStreaming(
  ports: SettlePorts,
  message: AssistantMessageItem,
): Promise<AssistantMessageItem | 'refused'> {
  await seal(ports.table, message, ports.clock.now());
  const folded = await foldSealed(ports.table, message);
  const ending = endingOf(message);
  const inline = await storeText(ports.table, message, folded.answer);
  const end = receipt(message, ending, {
    length: folded.textLength,
    sha256: folded.sha256,
    reasoningLength: folded.reasoningLength,
    usage: message.usage ?? null,
    transport: { publishes: 0, publishFailures: 0, logged: folded.batches },
    model: null,
    firstTokenAt: undefined,
    endedAt: ports.clock.now(),
  });
  // A cancel that came since the read decides, so the write asks for it.
  const unlessCancelled = message.cancelRequestedAt ? '' : ' AND attribute_not_exists(#cancelRequestedAt)';
  return write(
    ports,
    message,
    { status: ending.status, end, ...inline },
    {
      expression: `#status = :streaming AND #attempt = :attempt${unlessCancelled}`,
      names: {
        '#status': 'status',
        '#attempt': 'attempt',
        ...(message.cancelRequestedAt ? {} : { '#cancelRequestedAt': 'cancelRequestedAt' }),
      },
      values: { ':streaming': 'STREAMING', ':attempt': message.attempt },
    },
  );
}

async function publishEnd<Outcome extends SettleOutcome>(
  ports: SettlePorts,
  message: AssistantMessageItem,
  outcome: Outcome,
): Promise<Outcome> {
  if (!message.end) return outcome;
  const { status, end } = message;
  const batch: TokenBatch = {
    ...messageBatch(message, { kind: 'END', offset: end.length, status, end }),
    seq: await nextSeq(ports.table, message),
    publishedAt: new Date(ports.clock.now()).toISOString(),
  };
  await ports.publish(batch);
  ports.log('info', 'settle.published', { messageId: message.id, attempt: message.attempt, outcome });
  return outcome;
}

/** The sequence number after the attempt's last one: a SEAL holds it; START alone had 0. */
async function nextSeq(table: Table, message: AssistantMessageItem): Promise<number> {
  const resume = message.resumeOffset + message.resumeReasoningOffset;
  const range = { pk: message.pk, ...logRange(message.id, resume) };
  for await (const item of table.range<LogItem>(range, { backwards: true, limit: 1 })) {
    if (item.attempt === message.attempt) return item.kind === 'SEAL' ? item.seq : item.seq + 1;
  }
  return message.startedAt ? 1 : 0;
}
