import { util, type Context } from '@aws-appsync/utils';
import type { QueryMessagesArgs } from '../protocol/generated/schema-types.ts';
import { MESSAGE_PREFIX, partitionOf } from '../protocol/keys.ts';
import { DEFAULT_PAGE_SIZE } from '../protocol/limits.ts';
import { stashOf } from './caller.ts';
import { pageOf } from './page.ts';

/** Message ids begin with their creation time, so key order backwards is newest first. Strongly consistent: it shows statuses. */
export function request(ctx: Context<QueryMessagesArgs>) {
  const stash = stashOf(ctx);
  return {
    operation: 'Query' as const,
    query: {
      expression: '#pk = :pk AND begins_with(#sk, :prefix)',
      expressionNames: { '#pk': 'pk', '#sk': 'sk' },
      expressionValues: util.dynamodb.toMapValues({
        ':pk': partitionOf(stash.owner, stash.conversationId),
        ':prefix': MESSAGE_PREFIX,
      }),
    },
    consistentRead: true,
    scanIndexForward: false,
    limit: ctx.args.limit ?? DEFAULT_PAGE_SIZE,
    nextToken: ctx.args.nextToken ?? null,
  };
}

export function response(ctx: Context<QueryMessagesArgs>) {
  return pageOf(ctx, 'messages', ctx.args.nextToken);
}
