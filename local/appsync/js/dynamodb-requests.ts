import { renderFilter } from './dynamodb-expression.ts';
import { isRecord, objectArgument, stringArgument } from './outcome.ts';
import type { Builtin } from './outcome.ts';
import { toAttributeValue, toAttributeValues } from './util-dynamodb.ts';
import { isSetValue, renderUpdate, UPDATE_OPERATIONS } from './dynamodb-update.ts';

type Payload = Record<string, unknown>;

/**
 * `@aws-appsync/utils/dynamodb`: turns the short forms into the request objects of a DynamoDB data source. Members that are absent
 * or null are left out. Conditions, filters and key conditions are spelled as by `util.transform`; update expressions and projections
 * use `#expName_n` and `:expValue_n`. A filter that cannot be rendered is left out, as on AWS.
 */
export function dynamoDbRequestBuiltins(): Record<string, Builtin> {
  const requests: Record<string, (payload: Payload) => Payload> = {
    get: (payload) => ({
      operation: 'GetItem',
      key: keyOf(payload),
      ...pick(payload, 'consistentRead'),
      ...projection(payload),
    }),
    put: (payload) => ({
      operation: 'PutItem',
      ...putMembers(payload),
      ...pick(payload, 'customPartitionKey', 'populateIndexFields', '_version'),
    }),
    update: (payload) => ({
      operation: 'UpdateItem',
      ...updateMembers(payload),
      ...pick(payload, 'customPartitionKey', 'populateIndexFields', '_version'),
    }),
    remove: (payload) => ({
      operation: 'DeleteItem',
      key: keyOf(payload),
      ...condition(payload),
      ...pick(payload, 'customPartitionKey', 'populateIndexFields', '_version'),
    }),
    query: (payload) => ({
      operation: 'Query',
      query: expression(payload.query),
      ...pick(payload, 'index', 'limit', 'nextToken', 'consistentRead', 'scanIndexForward', 'select'),
      ...filter(payload),
      ...projection(payload),
    }),
    scan: (payload) => ({
      operation: 'Scan',
      ...pick(payload, 'index', 'limit', 'nextToken', 'consistentRead', 'segment', 'totalSegments', 'select'),
      ...filter(payload),
      ...projection(payload),
    }),
    sync: (payload) => ({
      operation: 'Sync',
      ...pick(payload, 'basePartitionKey', 'deltaIndexName', 'limit', 'nextToken', 'lastSync'),
      ...filter(payload),
    }),
    batchGet: (payload) => ({
      operation: 'BatchGetItem',
      tables: mapTables(payload, (table) => {
        const { keys } = objectArgument('batchGet', table);
        return {
          keys: listOf('batchGet', keys).map((key) => toAttributeValues(objectArgument('batchGet', key))),
          ...pick(objectArgument('batchGet', table), 'consistentRead'),
          ...projection(objectArgument('batchGet', table)),
        };
      }),
    }),
    batchPut: (payload) => ({
      operation: 'BatchPutItem',
      tables: mapTables(payload, (items) => listOf('batchPut', items).map((item) => itemValues(item))),
    }),
    batchDelete: (payload) => ({
      operation: 'BatchDeleteItem',
      tables: mapTables(payload, (keys) =>
        listOf('batchDelete', keys).map((key) => toAttributeValues(objectArgument('batchDelete', key))),
      ),
    }),
    transactGet: (payload) => ({
      operation: 'TransactGetItems',
      transactItems: listOf('transactGet', payload.items).map((entry) => {
        const item = objectArgument('transactGet', entry);
        return { table: item.table, key: keyOf(item), ...projection(item) };
      }),
    }),
    transactWrite: (payload) => ({
      operation: 'TransactWriteItems',
      transactItems: listOf('transactWrite', payload.items).map(transactWriteItem),
    }),
  };
  const builtins: Record<string, Builtin> = {
    'dynamodb.toStringSet': (list) => ({ SS: listOf('toStringSet', list) }),
    'dynamodb.toNumberSet': (list) => ({ NS: listOf('toNumberSet', list) }),
    'dynamodb.toBinarySet': (list) => ({ BS: listOf('toBinarySet', list) }),
  };
  for (const [name, request] of Object.entries(requests)) {
    builtins[`dynamodb.${name}`] = (payload = {}) => request(objectArgument(name, payload ?? {}));
  }
  for (const [name, operation] of Object.entries(UPDATE_OPERATIONS)) {
    builtins[`dynamodb.operations.${name}`] = operation;
  }
  return builtins;
}

function transactWriteItem(entry: unknown): Payload {
  const item = objectArgument('transactWrite', entry);
  if (isRecord(item.putItem)) {
    return { table: item.putItem.table, operation: 'PutItem', ...putMembers(item.putItem) };
  }
  if (isRecord(item.updateItem)) {
    return { table: item.updateItem.table, operation: 'UpdateItem', ...updateMembers(item.updateItem) };
  }
  const [body, operation] = isRecord(item.deleteItem)
    ? [item.deleteItem, 'DeleteItem']
    : [objectArgument('transactWrite', item.conditionCheck), 'ConditionCheck'];
  return { table: body.table, operation, key: keyOf(body), ...condition(body) };
}

function putMembers(payload: Payload): Payload {
  return { key: keyOf(payload), attributeValues: itemValues(payload.item), ...condition(payload) };
}

function updateMembers(payload: Payload): Payload {
  return {
    key: keyOf(payload),
    update: renderUpdate(objectArgument('update', payload.update)),
    ...condition(payload),
  };
}

function keyOf(payload: Payload): Payload {
  return toAttributeValues(objectArgument('key', payload.key));
}

/** Sets made with `toStringSet` and its siblings stay sets at the top level of an item. */
function itemValues(item: unknown): Payload {
  const values = objectArgument('item', item);
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name,
      isSetValue(value) ? value : toAttributeValue(value),
    ]),
  );
}

/** An expression that binds no values has no `expressionValues` at all. */
function expression(input: unknown): Payload | undefined {
  const rendered = renderFilter(input);
  if (!rendered) return undefined;
  const { expressionValues, ...rest } = rendered;
  return Object.keys(expressionValues).length > 0 ? { ...rest, expressionValues } : rest;
}

function condition(payload: Payload): Payload {
  const rendered = expression(payload.condition);
  return rendered ? { condition: rendered } : {};
}

function filter(payload: Payload): Payload {
  const rendered = expression(payload.filter);
  return rendered ? { filter: rendered } : {};
}

/** Every path segment has an alias, one per distinct segment; list positions stay as they are (`a.b[1]`). */
function projection(payload: Payload): Payload {
  if (!Array.isArray(payload.projection) || payload.projection.length === 0) return {};
  const aliases = new Map<string, string>();
  const paths = payload.projection.map((path) =>
    stringArgument('projection', path)
      .split('.')
      .map((segment) => {
        const [, name = segment, positions = ''] = /^(.*?)((?:\[\d+\])*)$/.exec(segment) ?? [];
        const alias = aliases.get(name) ?? `#expName_${aliases.size + 1}`;
        aliases.set(name, alias);
        return alias + positions;
      })
      .join('.'),
  );
  const expressionNames = Object.fromEntries([...aliases].map(([name, alias]) => [alias, name]));
  return { projection: { expression: paths.join(', '), expressionNames } };
}

function mapTables(payload: Payload, convert: (table: unknown) => unknown): Payload {
  const tables = objectArgument('tables', payload.tables);
  return Object.fromEntries(Object.entries(tables).map(([name, table]) => [name, convert(table)]));
}

function listOf(builtin: string, value: unknown): unknown[] {
  if (!Array.isArray(value)) throw new TypeError(`${builtin} expects a list, got ${JSON.stringify(value)}`);
  return value;
}

function pick(payload: Payload, ...names: string[]): Payload {
  return Object.fromEntries(
    names.flatMap((name) =>
      payload[name] === undefined || payload[name] === null ? [] : [[name, payload[name]]],
    ),
  );
}
