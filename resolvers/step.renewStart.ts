import { runtime, type Context } from '@aws-appsync/utils';
import type { AssistantMessageItem } from '../protocol/items.ts';
import { renewStart } from '../protocol/writes.ts';
import { failInternal, stashOf } from './caller.ts';
import { conditionFailed, storedItem, updateItem } from './table-requests.ts';

/** Lets a repeat invoke the worker again while the answer is still PENDING. */
export function request(ctx: Context) {
  const stash = stashOf(ctx);
  if (!stash.isRepeat || stash.message.status !== 'PENDING') return runtime.earlyReturn(null);
  return updateItem(renewStart(stash.message, stash.nowMs));
}

export function response(ctx: Context) {
  const stash = stashOf(ctx);
  if (ctx.error && !conditionFailed(ctx)) failInternal('renewStart', ctx.error);
  stash.message = storedItem<AssistantMessageItem>(ctx) ?? stash.message;
  stash.shouldGenerate = !ctx.error;
  return null;
}
