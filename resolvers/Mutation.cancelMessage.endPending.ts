import { runtime, type Context } from '@aws-appsync/utils';
import { cancelPending, endedUnclaimed } from '../protocol/cancel.ts';
import type { AssistantMessageItem } from '../protocol/items.ts';
import { fail, failInternal, stashOf } from './caller.ts';
import { conditionFailed, storedItem, updateItem } from './table-requests.ts';

/** Ends an answer no worker has claimed and keeps the text of earlier attempts; settle publishes END. */
export function request(ctx: Context) {
  const stash = stashOf(ctx);
  const message = stash.message;
  if (message.status !== 'PENDING') return runtime.earlyReturn(null);
  return updateItem(cancelPending(message, stash.nowIso));
}

export function response(ctx: Context) {
  if (ctx.error && !conditionFailed(ctx)) failInternal('endPending', ctx.error);
  const stored = storedItem<AssistantMessageItem>(ctx);
  if (!stored) return fail('NOT_FOUND');
  const stash = stashOf(ctx);
  stash.message = stored;
  stash.shouldSettle = endedUnclaimed(stored);
  return null;
}
