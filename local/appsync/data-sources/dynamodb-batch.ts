import type { AttributeMap } from './attribute-values.ts';
import { itemToPlain, sameItem, toWireMap } from './attribute-values.ts';
import { asObject } from './data-source.ts';
import { batchTables, UnusableRequestError } from './dynamodb-requests.ts';

type Json = Record<string, unknown>;
type Send = (operation: string, input: object) => Promise<Json>;

const NOTHING_IGNORED: ReadonlySet<string> = new Set();

function listOf(value: unknown, table: string): unknown[] {
  if (!Array.isArray(value))
    throw new UnusableRequestError(`Value for field '$[tables][${table}]' is not a list.`);
  return value as unknown[];
}

/** `BatchGetItem`: `{data: {table: items}, unprocessedKeys}`. Items come in the order of the keys, null for an absent one. */
export async function batchGet(request: Json, send: Send): Promise<Json> {
  const asked = batchTables(request).map(([table, entry]) => {
    const options = asObject(entry);
    const keys = listOf(options === undefined ? entry : options['keys'], table).map(toWireMap);
    return { table, keys, consistentRead: options?.['consistentRead'] === true };
  });
  const answer = await send('BatchGetItem', {
    RequestItems: Object.fromEntries(
      asked.map(({ table, keys, consistentRead }) => [table, { Keys: keys, ConsistentRead: consistentRead }]),
    ),
  });
  const responses = (answer['Responses'] ?? {}) as Record<string, AttributeMap[]>;
  const unprocessed = (answer['UnprocessedKeys'] ?? {}) as Record<string, { Keys: AttributeMap[] }>;
  const data = asked.map(({ table, keys }) => {
    const items = responses[table] ?? [];
    return [table, keys.map((key) => itemToPlain(items.find((item) => hasKey(item, key))))];
  });
  return {
    data: Object.fromEntries(data) as Json,
    unprocessedKeys: Object.fromEntries(
      asked.map(({ table }) => [table, (unprocessed[table]?.Keys ?? []).map(itemToPlain)]),
    ),
  };
}

function hasKey(item: AttributeMap, key: AttributeMap): boolean {
  const own = Object.fromEntries(Object.keys(key).map((name) => [name, item[name] ?? {}]));
  return sameItem(own, key, NOTHING_IGNORED);
}

/** `BatchPutItem` and `BatchDeleteItem`: what was written or deleted, and what was not. */
export async function batchWrite(request: Json, send: Send): Promise<Json> {
  const puts = request['operation'] === 'BatchPutItem';
  const asked = batchTables(request).map(([table, entry]) => ({
    table,
    values: listOf(entry, table).map(toWireMap),
  }));
  const answer = await send('BatchWriteItem', {
    RequestItems: Object.fromEntries(
      asked.map(({ table, values }) => [
        table,
        values.map((value) => (puts ? { PutRequest: { Item: value } } : { DeleteRequest: { Key: value } })),
      ]),
    ),
  });
  const left = (answer['UnprocessedItems'] ?? {}) as Record<string, Json[]>;
  const unprocessed = asked.map(({ table }) => [
    table,
    (left[table] ?? []).map((write) => {
      const inner = asObject(write[puts ? 'PutRequest' : 'DeleteRequest']);
      return itemToPlain(inner?.[puts ? 'Item' : 'Key'] as AttributeMap | undefined);
    }),
  ]);
  return {
    data: Object.fromEntries(asked.map(({ table, values }) => [table, values.map(itemToPlain)])),
    [puts ? 'unprocessedItems' : 'unprocessedKeys']: Object.fromEntries(unprocessed) as Json,
  };
}
