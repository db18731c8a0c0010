import type { Context } from '@aws-appsync/utils';
import type { AssistantMessageItem } from '../protocol/items.ts';
import { messageKey } from '../protocol/keys.ts';
import { fail, failInternal, stashOf } from './caller.ts';
import { conditionFailed, storedItem, updateItem } from './table-requests.ts';

/** Sets the flag a STREAMING answer's worker looks for; the first request's time stays. */
export function flagRequest(ctx: Context) {
  const stash = stashOf(ctx);
  return updateItem({
    key: messageKey(stash.owner, stash.conversationId, stash.messageId),
    update: {
      expression: 'SET #cancelRequestedAt = if_not_exists(#cancelRequestedAt, :now)',
      names: { '#cancelRequestedAt': 'cancelRequestedAt' },
      values: { ':now': stash.nowIso },
    },
    condition: {
      expression: '#status = :streaming',
      names: { '#status': 'status' },
      values: { ':streaming': 'STREAMING' },
    },
  });
}

/** Keeps what is stored, flagged or not; absent is NOT_FOUND. */
export function flagResponse(ctx: Context, step: string): AssistantMessageItem {
  if (ctx.error && !conditionFailed(ctx)) failInternal(step, ctx.error);
  const stored = storedItem<AssistantMessageItem>(ctx);
  if (!stored) return fail('NOT_FOUND');
  stashOf(ctx).message = stored;
  return stored;
}
