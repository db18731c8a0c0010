import type { Context } from '@aws-appsync/utils';
import { endedUnclaimed, flagCancel } from '../protocol/cancel.ts';
import type { AssistantMessageItem } from '../protocol/items.ts';
import { messageKey } from '../protocol/keys.ts';
import { fail, failInternal, stashOf } from './caller.ts';
import { conditionFailed, storedItem, updateItem } from './table-requests.ts';

/** Sets the flag a STREAMING answer's worker looks for; the first request's time stays. */
export function flagRequest(ctx: Context) {
  const stash = stashOf(ctx);
  const key = messageKey(stash.owner, stash.conversationId, stash.messageId);
  return updateItem(flagCancel(key, stash.nowIso));
}

/** Keeps what is stored, flagged or not, and asks for settle where only that publishes END; absent is NOT_FOUND. */
export function flagResponse(ctx: Context, step: string): AssistantMessageItem {
  if (ctx.error && !conditionFailed(ctx)) failInternal(step, ctx.error);
  const stored = storedItem<AssistantMessageItem>(ctx);
  if (!stored) return fail('NOT_FOUND');
  const stash = stashOf(ctx);
  stash.message = stored;
  stash.shouldSettle = endedUnclaimed(stored);
  return stored;
}
