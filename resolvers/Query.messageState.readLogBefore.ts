import { runtime, type Context } from '@aws-appsync/utils';
import type { QueryMessageStateArgs } from '../protocol/generated/schema-types.ts';
import { logRange, partitionOf } from '../protocol/keys.ts';
import { askedPosition } from '../protocol/state-page.ts';
import { stashOf } from './caller.ts';
import { addLogItems } from './log-items.ts';
import { queryRange } from './table-requests.ts';

/** Reads the one batch that begins before the asked position and may reach over it. */
export function request(ctx: Context<QueryMessageStateArgs>) {
  const stash = stashOf(ctx);
  const message = stash.message;
  if (message.status !== 'STREAMING' || stash.page.more) return runtime.earlyReturn(null);
  const resume = message.resumeOffset + message.resumeReasoningOffset;
  const asked = askedPosition(message, ctx.args.fromOffset ?? 0, ctx.args.fromReasoningOffset ?? 0);
  if (asked <= resume) return runtime.earlyReturn(null);
  const backwards = queryRange(
    partitionOf(stash.owner, stash.conversationId),
    logRange(message.id, resume, asked - 1),
    1,
  );
  return Object.assign({}, backwards, { scanIndexForward: false });
}

export function response(ctx: Context<QueryMessageStateArgs>) {
  addLogItems(ctx, ctx.args);
  return null;
}
