import type { Context } from '@aws-appsync/utils';
import type { QueryConversationArgs } from '../protocol/generated/schema-types.ts';
import { isId } from '../protocol/ids.ts';
import type { ConversationItem } from '../protocol/items.ts';
import { conversationKey } from '../protocol/keys.ts';
import { begin, fail, failInternal } from './caller.ts';
import { getItem, storedItem } from './table-requests.ts';

/** Reads one conversation of the caller. */
export function request(ctx: Context<QueryConversationArgs>) {
  const stash = begin(ctx);
  if (!isId(ctx.args.id)) fail('INVALID_INPUT');
  return getItem(conversationKey(stash.owner, ctx.args.id));
}

export function response(ctx: Context) {
  if (ctx.error) failInternal('conversation', ctx.error);
  const stored = storedItem<ConversationItem>(ctx);
  if (!stored || stored.deletedAt) return fail('NOT_FOUND');
  return stored;
}
