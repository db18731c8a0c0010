import type { Context } from '@aws-appsync/utils';
import type { QueryMessageStateArgs } from '../protocol/generated/schema-types.ts';
import { emptyPage } from '../protocol/state-page.ts';
import { offsetProblem } from '../protocol/validation.ts';
import { fail, stashOf } from './caller.ts';
import { beginWithMessage } from './named-message.ts';

/** Catch-up: status as stored, and the text that follows the asked offsets. */
export function request(ctx: Context<QueryMessageStateArgs>) {
  const stash = beginWithMessage(ctx);
  if (offsetProblem(ctx.args.fromOffset) || offsetProblem(ctx.args.fromReasoningOffset))
    fail('INVALID_INPUT');
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
