import { ChatError } from '../../protocol/errors.ts';
import type { Usage } from '../../protocol/generated/schema-types.ts';
import {
  NO_USAGE,
  type AssistantMessageItem,
  type GenerationEvent,
  type LogItem,
} from '../../protocol/items.ts';
import { logRange, messageKey } from '../../protocol/keys.ts';
import { isTerminal } from '../../protocol/sequence.ts';
import { assign, isSuspect, type Expression } from '../../protocol/writes.ts';
import { messageBatch } from '../generation/message-batch.ts';
import { receipt, type Ending } from '../generation/receipt.ts';
import { addUsage, estimateUsage } from '../generation/usage.ts';
import { storeAnswer, type AnswerText } from './answer-text.ts';
import { get, publish, range, update, type Rule } from './operations.ts';
import { foldSealed, sealLog } from './seal.ts';

/** What settle found or did. `alive`: somebody may still be working on it. */
export type SettleOutcome = 'absent' | 'alive' | 'settled' | 'terminal';

/**
 * Ends an answer that has no worker; repeatable, and safe while one lives: a STREAMING attempt is sealed first, so that
 * its worker finds its slot taken (I4). With `deadRequestId` (a failure record's) an answer claimed under it is ended at
 * once; otherwise only when its lease or start-by time is more than 3 s past. For a terminal message, whoever made it so,
 * END is published (again).
 */
export function* settleAnswer(
  event: GenerationEvent,
  now: () => number,
  deadRequestId?: string,
): Rule<SettleOutcome> {
  const key = messageKey(event.owner, event.conversationId, event.messageId);
  const message = yield* get<AssistantMessageItem>('settle.read', key);
  if (!message) return 'absent';
  if (isTerminal(message.status)) return yield* publishEnd(message, 'terminal');
  const isDead =
    deadRequestId !== undefined &&
    message.status === 'STREAMING' &&
    (message.claimId ?? '').startsWith(`${deadRequestId}:`);
  if (!isDead && !isSuspect(message, now())) return 'alive';
  const ended =
    message.status === 'PENDING' ? yield* endPending(message, now) : yield* endStreaming(message, now);
  if (ended !== 'refused') return yield* publishEnd(ended, 'settled');
  const current = yield* get<AssistantMessageItem>('settle.read', key);
  if (current && isCancelledSince(message, current)) {
    const cancelled = yield* endStreaming(current, now);
    if (cancelled !== 'refused') return yield* publishEnd(cancelled, 'settled');
  }
  const last = yield* get<AssistantMessageItem>('settle.read', key);
  if (!last) return 'absent';
  return isTerminal(last.status) ? yield* publishEnd(last, 'terminal') : 'alive';
}

/** The same attempt under the same claim, with a cancel flag that was not there before. */
function isCancelledSince(before: AssistantMessageItem, now: AssistantMessageItem): boolean {
  const isSame =
    now.status === 'STREAMING' && now.attempt === before.attempt && now.claimId === before.claimId;
  return isSame && !before.cancelRequestedAt && Boolean(now.cancelRequestedAt);
}

function endingOf(message: AssistantMessageItem): Ending {
  if (message.cancelRequestedAt) return { status: 'CANCELLED', reason: 'CANCELLED' };
  return { status: 'INTERRUPTED', reason: 'LOST', error: new ChatError('LOST') };
}

function write(
  step: string,
  message: AssistantMessageItem,
  values: Record<string, unknown>,
  condition: Expression,
): Rule<AssistantMessageItem | 'refused'> {
  return update<AssistantMessageItem>(step, {
    key: { pk: message.pk, sk: message.sk },
    update: assign(values),
    condition,
  });
}

/** Nobody claimed it in time. Text, length and digest of earlier attempts are on the item. */
function* endPending(
  message: AssistantMessageItem,
  now: () => number,
): Rule<AssistantMessageItem | 'refused'> {
  const ending = endingOf(message);
  const end = receipt(message, ending, {
    length: message.resumeOffset,
    sha256: message.sha256,
    reasoningLength: message.resumeReasoningOffset,
    usage: message.usage ?? NO_USAGE,
    transport: null,
    model: null,
    firstTokenAt: undefined,
    endedAt: now(),
  });
  return yield* write(
    'settle.pending',
    message,
    { status: ending.status, end },
    {
      expression: '#status = :pending AND #attempt = :attempt AND #leaseUntil = :leaseUntil',
      names: { '#status': 'status', '#attempt': 'attempt', '#leaseUntil': 'leaseUntil' },
      values: { ':pending': 'PENDING', ':attempt': message.attempt, ':leaseUntil': message.leaseUntil },
    },
  );
}

/** What the dead worker's attempt read, nobody knows any more; what it wrote is estimated from its log. */
function usageOfDead(message: AssistantMessageItem, { text, reasoning }: AnswerText): Usage {
  const written = text.slice(message.resumeOffset) + reasoning.slice(message.resumeReasoningOffset);
  return addUsage(message.usage, estimateUsage([], written));
}

function* endStreaming(
  message: AssistantMessageItem,
  now: () => number,
): Rule<AssistantMessageItem | 'refused'> {
  yield* sealLog(message, now());
  const folded = yield* foldSealed(message);
  const ending = endingOf(message);
  const inline = yield* storeAnswer(message, folded.answer);
  const end = receipt(message, ending, {
    length: folded.textLength,
    sha256: folded.sha256,
    reasoningLength: folded.reasoningLength,
    usage: usageOfDead(message, folded.answer),
    transport: { publishes: 0, publishFailures: 0, logged: folded.batches },
    model: null,
    firstTokenAt: undefined,
    endedAt: now(),
  });
  // A cancel that came since the read decides, so the write asks for it.
  const unlessCancelled = message.cancelRequestedAt ? '' : ' AND attribute_not_exists(#cancelRequestedAt)';
  return yield* write(
    'settle.streaming',
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

function* publishEnd<Outcome extends SettleOutcome>(
  message: AssistantMessageItem,
  outcome: Outcome,
): Rule<Outcome> {
  if (!message.end) return outcome;
  const { status, end } = message;
  const seq = yield* nextSeq(message);
  yield* publish('settle.publish', {
    ...messageBatch(message, { kind: 'END', offset: end.length, status, end }),
    seq,
  });
  return outcome;
}

/** The sequence number after the attempt's last one: a SEAL holds it; START alone had 0. */
function* nextSeq(message: AssistantMessageItem): Rule<number> {
  const resume = message.resumeOffset + message.resumeReasoningOffset;
  const newest = { pk: message.pk, ...logRange(message.id, resume), backwards: true, limit: 1 };
  for (const item of yield* range<LogItem>('settle.seq', newest)) {
    if (item.attempt === message.attempt) return item.kind === 'SEAL' ? item.seq : item.seq + 1;
  }
  return message.startedAt ? 1 : 0;
}
