import type { Context } from '@aws-appsync/utils';
import type { MutationRegenerateMessageArgs } from '../protocol/generated/schema-types.ts';
import { regenerateRequestItem, type MessageItem } from '../protocol/items.ts';
import { messageKey } from '../protocol/keys.ts';
import { fail, failInternal, stashOf } from './caller.ts';
import { getItem, storedItem } from './table-requests.ts';

/** Reads the user message both answers share. */
export function request(ctx: Context) {
  const stash = stashOf(ctx);
  return getItem(messageKey(stash.owner, stash.conversationId, stash.target.parentId ?? stash.messageId));
}

export function response(ctx: Context<MutationRegenerateMessageArgs>) {
  if (ctx.error) failInternal('readUserMessage', ctx.error);
  const stash = stashOf(ctx);
  const userMessage = storedItem<MessageItem>(ctx);
  if (!userMessage) return fail('NOT_FOUND');
  stash.userMessage = userMessage;
  stash.request = regenerateRequestItem(stash.owner, ctx.args.input, {
    ulid: stash.ulid,
    userMessageId: userMessage.id,
    createdAt: stash.nowIso,
  });
  return null;
}
