import type { Context } from '@aws-appsync/utils';
import type { MutationContinueMessageArgs } from '../protocol/generated/schema-types.ts';
import { stashOf } from './caller.ts';
import { beginWithMessage } from './named-message.ts';

/** Goes on with an INTERRUPTED answer in a new attempt. A repeat while that attempt runs answers the message. */
export function request(ctx: Context<MutationContinueMessageArgs>) {
  beginWithMessage(ctx);
  return {};
}

export function response(ctx: Context) {
  return stashOf(ctx).message;
}
