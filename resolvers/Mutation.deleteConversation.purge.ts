import type { Context } from '@aws-appsync/utils';
import { failInternal, stashOf } from './caller.ts';

/** Starts the purge asynchronously. */
export function request(ctx: Context) {
  const stash = stashOf(ctx);
  return {
    operation: 'Invoke' as const,
    invocationType: 'Event' as const,
    payload: { owner: stash.owner, conversationId: stash.conversationId },
  };
}

export function response(ctx: Context) {
  if (ctx.error) failInternal('purge', ctx.error);
  return null;
}
