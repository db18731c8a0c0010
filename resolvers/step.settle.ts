import { runtime, type Context } from '@aws-appsync/utils';
import { isSuspect } from '../protocol/writes.ts';
import { failInternal, stashOf } from './caller.ts';
import { invokeForMessage } from './invoke-event.ts';

/** Starts settle when nobody seems to work on the answer, or when a cancel ended it unclaimed and END is to be published. */
export function request(ctx: Context) {
  const stash = stashOf(ctx);
  const isNeeded = stash.shouldSettle || (!stash.shouldGenerate && isSuspect(stash.message, stash.nowMs));
  if (!isNeeded) return runtime.earlyReturn(null);
  return invokeForMessage(stash);
}

export function response(ctx: Context) {
  if (ctx.error) failInternal('settle', ctx.error);
  return null;
}
