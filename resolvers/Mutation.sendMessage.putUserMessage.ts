import type { Context } from '@aws-appsync/utils';
import { userMessageItem, type MessageItem } from '../protocol/items.ts';
import { IF_ABSENT } from '../protocol/writes.ts';
import { failInternal, stashOf } from './caller.ts';
import { conditionFailed, putItem, storedItem } from './table-requests.ts';

/** Stores the user message of the request item; a repeat meets the stored one. */
export function request(ctx: Context) {
  const stash = stashOf(ctx);
  return putItem(userMessageItem(stash.owner, stash.input, stash.request), IF_ABSENT);
}

export function response(ctx: Context) {
  const stored = storedItem<MessageItem>(ctx);
  if ((ctx.error && !conditionFailed(ctx)) || !stored) return failInternal('putUserMessage', ctx.error);
  stashOf(ctx).userMessage = stored;
  return null;
}
