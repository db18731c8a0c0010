import type { Context } from '@aws-appsync/utils';
import type { AssistantMessageItem } from '../protocol/items.ts';
import { messageKey } from '../protocol/keys.ts';
import { fail, failInternal, stashOf } from './caller.ts';
import { getItem, storedItem } from './table-requests.ts';

/** Reads the message a request names. */
export function request(ctx: Context) {
  const stash = stashOf(ctx);
  return getItem(messageKey(stash.owner, stash.conversationId, stash.messageId));
}

export function response(ctx: Context) {
  if (ctx.error) failInternal('readMessage', ctx.error);
  const stored = storedItem<AssistantMessageItem>(ctx);
  if (!stored) return fail('NOT_FOUND');
  stashOf(ctx).message = stored;
  return null;
}
