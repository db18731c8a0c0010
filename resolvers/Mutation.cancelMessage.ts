import type { Context } from '@aws-appsync/utils';
import type { MutationCancelMessageArgs } from '../protocol/generated/schema-types.ts';
import { isId } from '../protocol/ids.ts';
import { begin, fail, stashOf } from './caller.ts';

/** Cancels an answer: terminal stays as it is, PENDING ends at once, STREAMING is flagged for its worker. Idempotent. */
export function request(ctx: Context<MutationCancelMessageArgs>) {
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
