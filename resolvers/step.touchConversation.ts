import type { Context } from '@aws-appsync/utils';
import type { ConversationItem } from '../protocol/items.ts';
import { touchConversation } from '../protocol/writes.ts';
import { fail, failInternal, stashOf } from './caller.ts';
import { conditionFailed, storedItem, updateItem } from './table-requests.ts';

/** Creates the conversation or moves it forward. A refused write means a tombstone, or that a later send was first. */
export function request(ctx: Context) {
  const stash = stashOf(ctx);
  return updateItem(touchConversation(stash.owner, stash.conversationId, stash.request, stash.title));
}

export function response(ctx: Context) {
  const stored = storedItem<ConversationItem>(ctx);
  if (ctx.error && (!conditionFailed(ctx) || !stored)) failInternal('touchConversation', ctx.error);
  if (stored?.deletedAt) fail('NOT_FOUND');
  stashOf(ctx).conversation = stored;
  return null;
}
