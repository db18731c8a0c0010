import type { Context } from '@aws-appsync/utils';
import { assistantMessageItem, type AssistantMessageItem } from '../protocol/items.ts';
import { IF_ABSENT } from '../protocol/writes.ts';
import { failInternal, stashOf } from './caller.ts';
import { conditionFailed, putItem, storedItem } from './table-requests.ts';

/** Stores the PENDING answer of the request item; a repeat meets the stored one, whatever became of it. */
export function request(ctx: Context) {
  const stash = stashOf(ctx);
  const input = { conversationId: stash.conversationId, clientMessageId: stash.clientMessageId };
  return putItem(assistantMessageItem(stash.owner, input, stash.request, stash.nowMs), IF_ABSENT);
}

export function response(ctx: Context) {
  const stash = stashOf(ctx);
  const stored = storedItem<AssistantMessageItem>(ctx);
  if ((ctx.error && !conditionFailed(ctx)) || !stored) return failInternal('putAssistantMessage', ctx.error);
  stash.message = stored;
  stash.isRepeat = conditionFailed(ctx);
  stash.shouldGenerate = !stash.isRepeat;
  return null;
}
