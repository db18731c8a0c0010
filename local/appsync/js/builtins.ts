import { renderFilter } from './dynamodb-expression.ts';
import { dynamoDbRequestBuiltins } from './dynamodb-requests.ts';
import { extensionBuiltins } from './extensions.ts';
import type { Builtin, HandlerCall, RuntimePorts } from './outcome.ts';
import { toSubscriptionFilter } from './subscription-filter.ts';
import { dynamoDbBuiltins } from './util-dynamodb.ts';
import { httpBuiltins } from './util-http.ts';
import { timeBuiltins } from './util-time.ts';
import { generalBuiltins } from './util.ts';

/** Documented functions this runtime does not have. They exist, so that calling one names it instead of "is not a function". */
export const UNSUPPORTED_BUILTINS: readonly string[] = [
  'util.autoKsuid',
  'util.transform.toElasticsearchQueryDSL',
  'util.xml.toMap',
  'util.xml.toJsonString',
  'util.rds.toJsonString',
  'util.rds.toJsonObject',
  'extensions.evictFromApiCache',
];

/** All built-in functions by dotted name: `util.*`, `extensions.*`, `runtime.*`, and `dynamodb.*` for the module of that name. */
export function createBuiltins(ports: RuntimePorts, call: () => HandlerCall): ReadonlyMap<string, Builtin> {
  const unsupported = UNSUPPORTED_BUILTINS.map((name): [string, Builtin] => [
    name,
    () => {
      throw new TypeError(`${name} is not supported by the local APPSYNC_JS runtime`);
    },
  ]);
  return new Map([
    ...unsupported,
    ...Object.entries({
      ...generalBuiltins(ports, call),
      ...timeBuiltins(ports),
      ...dynamoDbBuiltins(),
      ...transformBuiltins(),
      ...httpBuiltins(call),
      ...extensionBuiltins(call),
      ...dynamoDbRequestBuiltins(),
    }),
  ]);
}

/** `util.transform`. The DynamoDB expressions are JSON text, the subscription filter is an object; null for what cannot be read. */
function transformBuiltins(): Record<string, Builtin> {
  const toExpression: Builtin = (filter) => {
    const rendered = renderFilter(filter);
    return rendered && JSON.stringify(rendered);
  };
  return {
    'util.transform.toDynamoDBFilterExpression': toExpression,
    'util.transform.toDynamoDBConditionExpression': toExpression,
    'util.transform.toSubscriptionFilter': toSubscriptionFilter,
  };
}
