import type { Context } from '@aws-appsync/utils';
import { isId } from '../protocol/ids.ts';
import { begin, fail } from './caller.ts';

/** Begins a mutation that names one message of the caller. */
export function beginWithMessage(ctx: Context<{ conversationId: string; messageId: string }>) {
  const stash = begin(ctx);
  if (!isId(ctx.args.conversationId) || !isId(ctx.args.messageId)) fail('INVALID_INPUT');
  stash.conversationId = ctx.args.conversationId;
  stash.messageId = ctx.args.messageId;
  stash.mayCreate = false;
  return stash;
}
