import type { Context } from '@aws-appsync/utils';
import type { QueryMessageStateArgs } from '../protocol/generated/schema-types.ts';
import { isId } from '../protocol/ids.ts';
import { emptyPage } from '../protocol/state-page.ts';
import { offsetProblem } from '../protocol/validation.ts';
import { begin, fail, stashOf } from './caller.ts';

/** Catch-up: status as stored, and the text that follows the asked offsets. */
export function request(ctx: Context<QueryMessageStateArgs>) {
  const stash = begin(ctx);
  if (!isId(ctx.args.conversationId) || !isId(ctx.args.messageId)) fail('INVALID_INPUT');
  if (offsetProblem(ctx.args.fromOffset) || offsetProblem(ctx.args.fromReasoningOffset))
    fail('INVALID_INPUT');
  stash.conversationId = ctx.args.conversationId;
  stash.messageId = ctx.args.messageId;
  stash.mayCreate = false;
  stash.shouldGenerate = false;
  stash.page = emptyPage();
  return {};
}

export function response(ctx: Context<QueryMessageStateArgs>) {
  const stash = stashOf(ctx);
  const message = stash.message;
  const page = stash.page;
  return {
    messageId: message.id,
    status: message.status,
    attempt: message.attempt,
    resumeOffset: message.resumeOffset ?? 0,
    resumeReasoningOffset: message.resumeReasoningOffset ?? 0,
    offset: ctx.args.fromOffset ?? 0,
    text: page.text,
    reasoningOffset: ctx.args.fromReasoningOffset ?? 0,
    reasoning: page.reasoning,
    throughSeq: page.throughSeq,
    more: page.more,
    end: page.more ? null : message.end,
  };
}
