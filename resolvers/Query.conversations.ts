import { util, type Context } from '@aws-appsync/utils';
import type { QueryConversationsArgs } from '../protocol/generated/schema-types.ts';
import { LISTING_INDEX } from '../protocol/keys.ts';
import { DEFAULT_PAGE_SIZE } from '../protocol/limits.ts';
import { limitProblem } from '../protocol/validation.ts';
import { begin, fail } from './caller.ts';
import { pageOf } from './page.ts';

/** Lists the caller's conversations by their last change, newest first. Tombstones have left the index. */
export function request(ctx: Context<QueryConversationsArgs>) {
  const stash = begin(ctx);
  if (limitProblem(ctx.args.limit)) fail('INVALID_INPUT');
  return {
    operation: 'Query' as const,
    index: LISTING_INDEX,
    query: {
      expression: '#listOwner = :owner',
      expressionNames: { '#listOwner': 'listOwner' },
      expressionValues: util.dynamodb.toMapValues({ ':owner': stash.owner }),
    },
    scanIndexForward: false,
    limit: ctx.args.limit ?? DEFAULT_PAGE_SIZE,
    nextToken: ctx.args.nextToken ?? null,
  };
}

export function response(ctx: Context<QueryConversationsArgs>) {
  return pageOf(ctx, 'conversations', ctx.args.nextToken);
}
