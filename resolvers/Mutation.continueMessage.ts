import type { Context } from '@aws-appsync/utils';
import type { MutationContinueMessageArgs } from '../protocol/generated/schema-types.ts';
import { isId } from '../protocol/ids.ts';
import { begin, fail, stashOf } from './caller.ts';

/** Goes on with an INTERRUPTED answer in a new attempt. A repeat while that attempt runs answers the message. */
export function request(ctx: Context<MutationContinueMessageArgs>) {
  const stash = begin(ctx);
  if (!isId(ctx.args.conversationId) || !isId(ctx.args.messageId)) fail('INVALID_INPUT');
  stash.conversationId = ctx.args.conversationId;
  stash.messageId = ctx.args.messageId;
  stash.mayCreate = false;
  return {};
}

export function response(ctx: Context) {
  return stashOf(ctx).message;
}
