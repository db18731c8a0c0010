import { runtime, type Context } from '@aws-appsync/utils';
import { failInternal, stashOf } from './caller.ts';

/** Starts the worker asynchronously. A repeat of the request finishes this step when it failed. */
export function request(ctx: Context) {
  const stash = stashOf(ctx);
  if (!stash.shouldGenerate) return runtime.earlyReturn(null);
  return {
    operation: 'Invoke' as const,
    invocationType: 'Event' as const,
    payload: {
      owner: stash.owner,
      conversationId: stash.conversationId,
      messageId: stash.message.id,
      attempt: stash.message.attempt,
    },
  };
}

export function response(ctx: Context) {
  if (ctx.error) failInternal('generate', ctx.error);
  return null;
}
