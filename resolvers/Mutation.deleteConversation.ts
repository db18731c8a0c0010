import type { Context } from '@aws-appsync/utils';
import type { MutationDeleteConversationArgs } from '../protocol/generated/schema-types.ts';
import { isId } from '../protocol/ids.ts';
import { begin, fail } from './caller.ts';

/** Hides the conversation at once and starts its purge; a repeat answers the id and starts the purge again. */
export function request(ctx: Context<MutationDeleteConversationArgs>) {
  const stash = begin(ctx);
  if (!isId(ctx.args.id)) fail('INVALID_INPUT');
  stash.conversationId = ctx.args.id;
  return {};
}

export function response(ctx: Context<MutationDeleteConversationArgs>) {
  return ctx.args.id;
}
