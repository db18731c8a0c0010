import type { Context } from '@aws-appsync/utils';
import type { MessageItem } from '../protocol/items.ts';
import { messageKey } from '../protocol/keys.ts';
import { fail, failInternal, stashOf } from './caller.ts';
import { getItem, storedItem } from './table-requests.ts';

/** Reads the answer to make anew; a user message has no answer to replace and is INVALID_INPUT. */
export function request(ctx: Context) {
  const stash = stashOf(ctx);
  return getItem(messageKey(stash.owner, stash.conversationId, stash.messageId));
}

export function response(ctx: Context) {
  if (ctx.error) failInternal('readTarget', ctx.error);
  const target = storedItem<MessageItem>(ctx);
  if (!target) return fail('NOT_FOUND');
  if (target.role !== 'ASSISTANT') fail('INVALID_INPUT');
  stashOf(ctx).target = target;
  return null;
}
