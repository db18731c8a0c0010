import { runtime, type Context } from '@aws-appsync/utils';
import { sendRequestItem } from '../protocol/items.ts';
import { messageKey } from '../protocol/keys.ts';
import { fail, failInternal, stashOf, type Stash } from './caller.ts';
import { getItem } from './table-requests.ts';

/** Finds the parent: omitted, the conversation's last message; null, none; else a message that must exist. */
export function request(ctx: Context) {
  const stash = stashOf(ctx);
  const parentId = stash.input.parentId;
  if (parentId === undefined || parentId === null) {
    decide(stash, parentId === null ? null : (stash.conversation?.lastMessageId ?? null));
    return runtime.earlyReturn(null);
  }
  return getItem(messageKey(stash.owner, stash.conversationId, parentId));
}

export function response(ctx: Context) {
  const stash = stashOf(ctx);
  if (ctx.error) failInternal('readParent', ctx.error);
  if (!ctx.result) fail('NOT_FOUND');
  decide(stash, stash.input.parentId ?? null);
  return null;
}

function decide(stash: Stash, parentId: string | null) {
  stash.request = sendRequestItem(stash.owner, stash.input, {
    ulid: stash.ulid,
    parentId,
    createdAt: stash.nowIso,
  });
}
