import { runtime, type Context } from '@aws-appsync/utils';
import type { AssistantMessageItem } from '../protocol/items.ts';
import { isStartDue, renewStart } from '../protocol/writes.ts';
import { failInternal, stashOf } from './caller.ts';
import { conditionFailed, storedItem, updateItem } from './table-requests.ts';

/** Decides whether a repeat starts the worker again, and sets a new start-by time where the old one is past. */
export function request(ctx: Context) {
  const stash = stashOf(ctx);
  if (!stash.isRepeat) return runtime.earlyReturn(null);
  stash.shouldGenerate = isStartDue(stash.message, stash.nowMs);
  if (!stash.shouldGenerate || stash.message.leaseUntil >= stash.nowMs) return runtime.earlyReturn(null);
  return updateItem(renewStart(stash.message, stash.nowMs));
}

export function response(ctx: Context) {
  const stash = stashOf(ctx);
  if (ctx.error && !conditionFailed(ctx)) failInternal('renewStart', ctx.error);
  stash.message = storedItem<AssistantMessageItem>(ctx) ?? stash.message;
  // Refused: another repeat set a new start-by time and may yet fail to invoke, or the answer is no longer PENDING.
  stash.shouldGenerate = isStartDue(stash.message, stash.nowMs);
  return null;
}
