import type { Context } from '@aws-appsync/utils';
import type { MutationCancelMessageArgs } from '../protocol/generated/schema-types.ts';
import { stashOf } from './caller.ts';
import { beginWithMessage } from './named-message.ts';

/** Cancels an answer: terminal stays as it is, PENDING ends at once, STREAMING is flagged for its worker. Idempotent. */
export function request(ctx: Context<MutationCancelMessageArgs>) {
  beginWithMessage(ctx);
  return {};
}

export function response(ctx: Context) {
  return stashOf(ctx).message;
}
