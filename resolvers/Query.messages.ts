import type { Context } from '@aws-appsync/utils';
import type { QueryMessagesArgs } from '../protocol/generated/schema-types.ts';
import { isId } from '../protocol/ids.ts';
import { limitProblem } from '../protocol/validation.ts';
import { begin, fail } from './caller.ts';

/** Lists the messages of a conversation, newest first. */
export function request(ctx: Context<QueryMessagesArgs>) {
  const stash = begin(ctx);
  if (!isId(ctx.args.conversationId) || limitProblem(ctx.args.limit)) fail('INVALID_INPUT');
  stash.conversationId = ctx.args.conversationId;
  stash.mayCreate = false;
  return {};
}

export function response(ctx: Context): unknown {
  return ctx.result;
}
