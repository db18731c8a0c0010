import { toWireMap } from './attribute-values.ts';
import { asObject } from './data-source.ts';

/** An AppSync request object that the DynamoDB data source cannot carry out; the message says what is wrong. */
export class UnusableRequestError extends Error {
  override readonly name = 'UnusableRequestError';
}

type Json = Record<string, unknown>;

/** An object-valued property, or undefined when it is absent or null. */
function part(request: Json, name: string): Json | undefined {
  const value = request[name];
  if (value === undefined || value === null) return undefined;
  const object = asObject(value);
  if (object === undefined) throw new UnusableRequestError(`Value for field '$[${name}]' is not an object.`);
  return object;
}

/** A required object-valued property. */
export function requiredPart(request: Json, name: string): Json {
  const value = part(request, name);
  if (value === undefined) throw new UnusableRequestError(`Value for field '$[${name}]' not found.`);
  return value;
}

/** Adds an expression's names and values to a request; empty ones are left out, DynamoDB refuses them. */
function addPlaceholders(input: Json, expression: Json): void {
  const names = asObject(expression['expressionNames']);
  const values = asObject(expression['expressionValues']);
  if (names !== undefined && Object.keys(names).length > 0) {
    input['ExpressionAttributeNames'] = {
      ...(input['ExpressionAttributeNames'] as Json | undefined),
      ...names,
    };
  }
  if (values !== undefined && Object.keys(values).length > 0) {
    input['ExpressionAttributeValues'] = {
      ...(input['ExpressionAttributeValues'] as Json | undefined),
      ...toWireMap(values),
    };
  }
}

function addExpression(input: Json, request: Json, name: string, target: string): void {
  const expression = part(request, name);
  if (expression === undefined) return;
  if (typeof expression['expression'] !== 'string') {
    throw new UnusableRequestError(`Value for field '$[${name}][expression]' not found.`);
  }
  input[target] = expression['expression'];
  addPlaceholders(input, expression);
}

function copy(input: Json, request: Json, names: Readonly<Record<string, string>>): void {
  for (const [from, to] of Object.entries(names)) {
    if (request[from] !== undefined && request[from] !== null) input[to] = request[from];
  }
}

/** `GetItem` for DynamoDB. */
export function getItemInput(table: string, request: Json): Json {
  const input: Json = { TableName: table, Key: toWireMap(requiredPart(request, 'key')) };
  copy(input, request, { consistentRead: 'ConsistentRead' });
  addExpression(input, request, 'projection', 'ProjectionExpression');
  return input;
}

/** `PutItem` for DynamoDB: the key's attributes and the others are one item. */
export function putItemInput(table: string, request: Json): Json {
  const key = requiredPart(request, 'key');
  const item = { ...toWireMap(part(request, 'attributeValues') ?? {}), ...toWireMap(key) };
  const input: Json = { TableName: table, Item: item };
  addExpression(input, request, 'condition', 'ConditionExpression');
  return input;
}

/** `UpdateItem` for DynamoDB, which answers the whole new item. */
export function updateItemInput(table: string, request: Json): Json {
  const input: Json = {
    TableName: table,
    Key: toWireMap(requiredPart(request, 'key')),
    ReturnValues: 'ALL_NEW',
  };
  requiredPart(request, 'update');
  addExpression(input, request, 'update', 'UpdateExpression');
  addExpression(input, request, 'condition', 'ConditionExpression');
  return input;
}

/** `DeleteItem` for DynamoDB, which answers the item as it was. */
export function deleteItemInput(table: string, request: Json): Json {
  const input: Json = {
    TableName: table,
    Key: toWireMap(requiredPart(request, 'key')),
    ReturnValues: 'ALL_OLD',
  };
  addExpression(input, request, 'condition', 'ConditionExpression');
  return input;
}

/** `Query` or `Scan` for DynamoDB. */
export function readManyInput(table: string, request: Json): Json {
  const input: Json = { TableName: table };
  if (request['operation'] === 'Query') {
    requiredPart(request, 'query');
    addExpression(input, request, 'query', 'KeyConditionExpression');
  }
  addExpression(input, request, 'filter', 'FilterExpression');
  addExpression(input, request, 'projection', 'ProjectionExpression');
  copy(input, request, {
    index: 'IndexName',
    limit: 'Limit',
    scanIndexForward: 'ScanIndexForward',
    consistentRead: 'ConsistentRead',
    select: 'Select',
    totalSegments: 'TotalSegments',
    segment: 'Segment',
  });
  const token = request['nextToken'];
  if (token !== undefined && token !== null) input['ExclusiveStartKey'] = readToken(token);
  return input;
}

/** An opaque `nextToken` for the key a page ended at. */
export function writeToken(key: unknown): string {
  return Buffer.from(JSON.stringify({ version: 3, key })).toString('base64');
}

function readToken(token: unknown): unknown {
  try {
    const value = asObject(JSON.parse(Buffer.from(String(token), 'base64').toString()));
    if (value?.['version'] === 3 && asObject(value['key']) !== undefined) return value['key'];
  } catch {
    // Not JSON: refused like any other token that was not issued here.
  }
  throw new UnusableRequestError('Invalid pagination token given.');
}

/** The tables of a batch request with what each entry asks for. */
export function batchTables(request: Json): [table: string, entry: unknown][] {
  return Object.entries(requiredPart(request, 'tables'));
}
