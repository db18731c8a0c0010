import { runtime, type Context } from '@aws-appsync/utils';
import type { AssistantMessageItem } from '../protocol/items.ts';
import { START_BY_MS } from '../protocol/limits.ts';
import { assign } from '../protocol/writes.ts';
import { fail, failInternal, stashOf } from './caller.ts';
import { conditionFailed, storedItem, updateItem } from './table-requests.ts';

/** Makes the same PENDING out of INTERRUPTED that a hand-over makes: attempt + 1, resume offsets from the receipt. */
export function request(ctx: Context) {
  const stash = stashOf(ctx);
  const message = stash.message;
  stash.isRepeat = true;
  const isRunning = message.status === 'PENDING' || message.status === 'STREAMING';
  if (isRunning && message.attempt > 1) return runtime.earlyReturn(null);
  const end = message.end;
  if (message.status !== 'INTERRUPTED' || !end || !end.continuable) return fail('CONFLICT');
  return updateItem({
    key: { pk: message.pk, sk: message.sk },
    update: assign(
      {
        status: 'PENDING',
        attempt: message.attempt + 1,
        leaseUntil: stash.nowMs + START_BY_MS,
        invokedAt: 0,
        resumeOffset: end.length,
        resumeReasoningOffset: end.reasoningLength,
        sha256: end.sha256,
        usage: end.usage ?? null,
        handovers: 0,
        end: null,
      },
      ['claimId', 'cancelRequestedAt', 'startedAt'],
    ),
    condition: {
      expression: '#status = :interrupted AND #attempt = :before',
      names: { '#status': 'status', '#attempt': 'attempt' },
      values: { ':interrupted': 'INTERRUPTED', ':before': message.attempt },
    },
  });
}

export function response(ctx: Context) {
  if (ctx.error && !conditionFailed(ctx)) failInternal('restart', ctx.error);
  const stored = storedItem<AssistantMessageItem>(ctx);
  if (!stored) return fail('NOT_FOUND');
  const stash = stashOf(ctx);
  stash.message = stored;
  stash.isRepeat = conditionFailed(ctx);
  stash.shouldGenerate = !stash.isRepeat;
  return null;
}
