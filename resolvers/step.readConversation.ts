import type { Context } from '@aws-appsync/utils';
import type { ConversationItem } from '../protocol/items.ts';
import { conversationKey } from '../protocol/keys.ts';
import { fail, failInternal, stashOf } from './caller.ts';
import { getItem, storedItem } from './table-requests.ts';

/** Reads the conversation; a tombstone, and an absent one unless a send may create it, is NOT_FOUND (I8). */
export function request(ctx: Context) {
  const stash = stashOf(ctx);
  return getItem(conversationKey(stash.owner, stash.conversationId));
}

export function response(ctx: Context) {
  if (ctx.error) failInternal('readConversation', ctx.error);
  const stash = stashOf(ctx);
  const stored = storedItem<ConversationItem>(ctx);
  if (stored ? stored.deletedAt : !stash.mayCreate) fail('NOT_FOUND');
  stash.conversation = stored;
  return null;
}
