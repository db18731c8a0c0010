import { util, type Context } from '@aws-appsync/utils';
import type { Key } from '../protocol/keys.ts';
import type { ConditionalUpdate, Expression } from '../protocol/writes.ts';

const FAILED_CONDITION = 'DynamoDB:ConditionalCheckFailedException';

/** Whether a write was refused by its condition; `ctx.result` then is the stored item, null when there is none. */
export function conditionFailed(ctx: Context): boolean {
  return ctx.error?.type === FAILED_CONDITION;
}

/** The stored item, whether a write made it or its condition met it. */
export function storedItem<Item>(ctx: Context): Item | null {
  return (ctx.result ?? null) as Item | null;
}

/** A strongly consistent read of one item. */
export function getItem(key: Key) {
  return { operation: 'GetItem' as const, key: marshalled(key), consistentRead: true };
}

/** A put that stores nothing when its condition fails. */
export function putItem(item: Key, condition: Expression) {
  return {
    operation: 'PutItem' as const,
    key: marshalled({ pk: item.pk, sk: item.sk }),
    attributeValues: marshalled(item),
    condition: expressionOf(condition),
  };
}

/** A conditional update; answers the whole new item. */
export function updateItem(write: ConditionalUpdate) {
  return {
    operation: 'UpdateItem' as const,
    key: marshalled(write.key),
    update: expressionOf(write.update),
    condition: expressionOf(write.condition),
  };
}

/** A strongly consistent query of a sort key range within one partition, in key order. */
export function queryRange(pk: string, range: { from: string; to: string }, limit: number) {
  return {
    operation: 'Query' as const,
    query: {
      expression: '#pk = :pk AND #sk BETWEEN :from AND :to',
      expressionNames: { '#pk': 'pk', '#sk': 'sk' },
      expressionValues: marshalled({ ':pk': pk, ':from': range.from, ':to': range.to }),
    },
    consistentRead: true,
    scanIndexForward: true,
    limit,
  };
}

function expressionOf(expression: Expression) {
  const base = { expression: expression.expression, expressionNames: expression.names };
  if (Object.keys(expression.values).length === 0) return base;
  return Object.assign({}, base, { expressionValues: marshalled(expression.values) });
}

function marshalled(values: unknown) {
  return util.dynamodb.toMapValues(values as Record<string, unknown>);
}
