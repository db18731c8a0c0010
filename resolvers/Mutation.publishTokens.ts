import type { Context } from '@aws-appsync/utils';
import type { MutationPublishTokensArgs } from '../protocol/generated/schema-types.ts';

/** Passes the batch on to subscribers. IAM only: @aws_iam on the field and a policy on each of the three publishers (I8). */
export function request(ctx: Context<MutationPublishTokensArgs>) {
  return { payload: ctx.args.input };
}

export function response(ctx: Context): unknown {
  return ctx.result;
}
