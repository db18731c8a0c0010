/**
 * The conditional writes of a cancel, in the APPSYNC_JS subset: resolvers and the HTTP door share them, so an answer is
 * cancelled the same way from both doors.
 */
import { NO_USAGE, type AssistantMessageItem } from './items.ts';
import type { Key } from './keys.ts';
import { assign, type ConditionalUpdate } from './writes.ts';

/** Sets the flag a STREAMING answer's worker looks for; the first request's time stays. Refused in every other status. */
export function flagCancel(key: Key, nowIso: string): ConditionalUpdate {
  return {
    key,
    update: {
      expression: 'SET #cancelRequestedAt = if_not_exists(#cancelRequestedAt, :now)',
      names: { '#cancelRequestedAt': 'cancelRequestedAt' },
      values: { ':now': nowIso },
    },
    condition: {
      expression: '#status = :streaming',
      names: { '#status': 'status' },
      values: { ':streaming': 'STREAMING' },
    },
  };
}

/**
 * Ends an answer no worker has claimed and keeps the text of earlier attempts. Refused once its attempt is claimed, ended
 * or handed over; whoever wrote it starts settle, which publishes END.
 */
export function cancelPending(message: AssistantMessageItem, nowIso: string): ConditionalUpdate {
  const end = {
    reason: 'CANCELLED',
    length: message.resumeOffset,
    sha256: message.sha256,
    reasoningLength: message.resumeReasoningOffset,
    continuable: false,
    // No model was asked in this attempt.
    usage: message.usage ?? NO_USAGE,
    timing: { acceptedAt: message.createdAt, startedAt: null, firstTokenAt: null, endedAt: nowIso },
    transport: null,
    error: null,
    model: message.model,
    cancel: { requestedAt: nowIso, latencyMs: 0, tokensAfterCancel: 0 },
  };
  return {
    key: { pk: message.pk, sk: message.sk },
    update: assign({ status: 'CANCELLED', end, cancelRequestedAt: nowIso }),
    condition: {
      expression: '#status = :pending AND #attempt = :attempt',
      names: { '#status': 'status', '#attempt': 'attempt' },
      values: { ':pending': 'PENDING', ':attempt': message.attempt },
    },
  };
}

/**
 * Whether a cancel ended an answer that no worker had claimed. Only settle publishes its END, so whoever finds it starts
 * settle: the request that wrote it may have failed before it could.
 */
export function endedUnclaimed(message: AssistantMessageItem): boolean {
  return message.status === 'CANCELLED' && !message.claimId;
}
