import { runtime, type Context } from '@aws-appsync/utils';
import { failInternal, stashOf } from './caller.ts';
import { invokeForMessage } from './invoke-event.ts';

/** Starts the worker asynchronously. A repeat of the request finishes this step when it failed. */
export function request(ctx: Context) {
  const stash = stashOf(ctx);
  if (!stash.shouldGenerate) return runtime.earlyReturn(null);
  return invokeForMessage(stash);
}

export function response(ctx: Context) {
  if (ctx.error) failInternal('generate', ctx.error);
  return null;
}
