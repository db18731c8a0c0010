import { util, type Context } from '@aws-appsync/utils';
import type { MutationRegenerateMessageArgs } from '../protocol/generated/schema-types.ts';
import { regenerateProblem } from '../protocol/validation.ts';
import { sendPayload } from './answers.ts';
import { begin, fail, stashOf } from './caller.ts';

/** Starts another answer to the same user message; it becomes a sibling and nothing is overwritten. */
export function request(ctx: Context<MutationRegenerateMessageArgs>) {
  const stash = begin(ctx);
  const input = ctx.args.input;
  const problem = regenerateProblem(input, ctx.env.MODELS ?? '');
  if (problem) fail(problem);
  stash.conversationId = input.conversationId;
  stash.clientMessageId = input.clientMessageId;
  stash.messageId = input.messageId;
  stash.mayCreate = false;
  stash.ulid = util.autoUlid();
  return {};
}

export function response(ctx: Context) {
  return sendPayload(stashOf(ctx));
}
