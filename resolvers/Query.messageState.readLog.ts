import { runtime, type Context } from '@aws-appsync/utils';
import type { QueryMessageStateArgs } from '../protocol/generated/schema-types.ts';
import { logRange, partitionOf } from '../protocol/keys.ts';
import { MAX_STATE_PAGE_ITEMS } from '../protocol/limits.ts';
import { askedPosition } from '../protocol/state-page.ts';
import { stashOf } from './caller.ts';
import { addLogItems } from './log-items.ts';
import { queryRange } from './table-requests.ts';

/** Reads the log of an answer that is still written; strongly consistent, and without an index. */
export function request(ctx: Context<QueryMessageStateArgs>) {
  const stash = stashOf(ctx);
  if (stash.message.status !== 'STREAMING' || stash.page.more) return runtime.earlyReturn(null);
  const from = askedPosition(stash.message, ctx.args.fromOffset ?? 0, ctx.args.fromReasoningOffset ?? 0);
  return queryRange(
    partitionOf(stash.owner, stash.conversationId),
    logRange(stash.message.id, from),
    MAX_STATE_PAGE_ITEMS,
  );
}

export function response(ctx: Context<QueryMessageStateArgs>) {
  addLogItems(ctx, ctx.args);
  const result = ctx.result as { nextToken?: string | null } | null;
  const page = stashOf(ctx).page;
  page.more = page.more || !!result?.nextToken;
  return null;
}
