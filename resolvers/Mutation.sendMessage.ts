import { util, type Context } from '@aws-appsync/utils';
import type { MutationSendMessageArgs } from '../protocol/generated/schema-types.ts';
import { derivedTitle } from '../protocol/items.ts';
import { sendProblem } from '../protocol/validation.ts';
import { sendPayload } from './answers.ts';
import { begin, fail, stashOf } from './caller.ts';

/** Validates the send; the steps store it with writes that are harmless when repeated and start the worker. */
export function request(ctx: Context<MutationSendMessageArgs>) {
  const stash = begin(ctx);
  const input = ctx.args.input;
  const problem = sendProblem(input, ctx.env.MODELS ?? '');
  if (problem) fail(problem);
  stash.input = input;
  stash.conversationId = input.conversationId;
  stash.clientMessageId = input.clientMessageId;
  stash.title = derivedTitle(input.text);
  stash.mayCreate = true;
  stash.ulid = util.autoUlid();
  return {};
}

export function response(ctx: Context) {
  return sendPayload(stashOf(ctx));
}
