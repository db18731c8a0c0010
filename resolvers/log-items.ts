import type { Context } from '@aws-appsync/utils';
import type { QueryMessageStateArgs } from '../protocol/generated/schema-types.ts';
import type { LogItem } from '../protocol/items.ts';
import { addLog } from '../protocol/state-page.ts';
import { failInternal, stashOf } from './caller.ts';

/** Adds the log batches a query returned to the page. */
export function addLogItems(ctx: Context, args: QueryMessageStateArgs) {
  if (ctx.error) failInternal('readLog', ctx.error);
  const stash = stashOf(ctx);
  const items = (ctx.result as { items?: LogItem[] } | null)?.items ?? [];
  stash.page = addLog(
    stash.page,
    items,
    stash.message.attempt,
    args.fromOffset ?? 0,
    args.fromReasoningOffset ?? 0,
  );
}
