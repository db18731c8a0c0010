import { runtime, type Context } from '@aws-appsync/utils';
import type { AssistantMessageItem } from '../protocol/items.ts';
import { assign } from '../protocol/writes.ts';
import { fail, failInternal, stashOf } from './caller.ts';
import { conditionFailed, storedItem, updateItem } from './table-requests.ts';

/** Ends an answer no worker has claimed and keeps the text of earlier attempts; settle publishes END. */
export function request(ctx: Context) {
  const stash = stashOf(ctx);
  const message = stash.message;
  if (message.status !== 'PENDING') return runtime.earlyReturn(null);
  const end = {
    reason: 'CANCELLED',
    length: message.resumeOffset,
    sha256: message.sha256,
    reasoningLength: message.resumeReasoningOffset,
    continuable: false,
    usage: message.usage ?? null,
    timing: { acceptedAt: message.createdAt, startedAt: null, firstTokenAt: null, endedAt: stash.nowIso },
    transport: null,
    error: null,
    model: message.model,
  };
  return updateItem({
    key: { pk: message.pk, sk: message.sk },
    update: assign({ status: 'CANCELLED', end, cancelRequestedAt: stash.nowIso }),
    condition: {
      expression: '#status = :pending AND #attempt = :attempt',
      names: { '#status': 'status', '#attempt': 'attempt' },
      values: { ':pending': 'PENDING', ':attempt': message.attempt },
    },
  });
}

export function response(ctx: Context) {
  if (ctx.error && !conditionFailed(ctx)) failInternal('endPending', ctx.error);
  const stored = storedItem<AssistantMessageItem>(ctx);
  if (!stored) return fail('NOT_FOUND');
  const stash = stashOf(ctx);
  stash.message = stored;
  stash.shouldSettle = !ctx.error;
  return null;
}
