/** The parts of a DynamoDB request body that say what it touches. */
export type OperationInput = Record<string, unknown>;

/** Which resources an operation is authorized on, as the Service Authorization Reference lists them. */
type Scope = 'table' | 'index' | 'batch' | 'account';

const SCOPES: ReadonlyMap<string, Scope> = new Map([
  ['BatchGetItem', 'batch'],
  ['BatchWriteItem', 'batch'],
  ['CreateTable', 'table'],
  ['DeleteItem', 'table'],
  ['DeleteTable', 'table'],
  ['DescribeTable', 'table'],
  ['DescribeTimeToLive', 'table'],
  ['GetItem', 'table'],
  ['ListTables', 'account'],
  ['ListTagsOfResource', 'table'],
  ['PutItem', 'table'],
  ['Query', 'index'],
  ['Scan', 'index'],
  ['TagResource', 'table'],
  ['UntagResource', 'table'],
  ['UpdateItem', 'table'],
  ['UpdateTable', 'table'],
] as const);

/** Whether dynalite implements the operation; it refuses every other one as unknown. */
export function isImplemented(operation: string): boolean {
  return SCOPES.has(operation);
}

/** The tables a request names, in its order; several only for a batch. A name may be a table's ARN, as on AWS. */
export function tableNamesOf(operation: string, input: OperationInput): string[] {
  if (SCOPES.get(operation) === 'batch')
    return isRecord(input.RequestItems) ? Object.keys(input.RequestItems) : [];
  const name = input.TableName ?? input.ResourceArn;
  return typeof name === 'string' ? [name] : [];
}

/**
 * The ARNs a request has to be allowed on, all of them: the table, the index of a Query or Scan with one, every table of a batch.
 *
 * A request that names nothing is checked on `*`, so that it is never let through unchecked.
 */
export function resourcesOf(
  operation: string,
  input: OperationInput,
  arnOfTable: (name: string) => string,
): string[] {
  const tables = tableNamesOf(operation, input).map((name) =>
    name.startsWith('arn:') ? name : arnOfTable(name),
  );
  if (tables.length === 0) return ['*'];
  const { IndexName: index } = input;
  return SCOPES.get(operation) === 'index' && typeof index === 'string'
    ? tables.map((table) => `${table}/index/${index}`)
    : tables;
}

/**
 * The partition key value a request touches, as text, or undefined when it is not one partition of the table itself: a batch
 * over several, a Scan, a read of an index.
 */
export function partitionOf(
  operation: string,
  input: OperationInput,
  hashKeyOf: (table: string) => string | undefined,
) {
  const tables = tableNamesOf(operation, input);
  const hashKey = hashKeyOf(tables[0] ?? '');
  if (hashKey === undefined || tables.length !== 1 || input.IndexName !== undefined) return undefined;

  const partitions = new Set(keyedItems(operation, input).map((item) => scalarOf(item[hashKey])));
  if (operation === 'Query') partitions.add(queriedPartition(input, hashKey));
  return partitions.size === 1 ? [...partitions][0] : undefined;
}

function keyedItems(operation: string, input: OperationInput): Record<string, unknown>[] {
  const single = input.Item ?? input.Key;
  if (single !== undefined) return isRecord(single) ? [single] : [];
  if (SCOPES.get(operation) !== 'batch' || !isRecord(input.RequestItems)) return [];
  return Object.values(input.RequestItems).flatMap((request) => {
    const entries: unknown[] = Array.isArray(request)
      ? request
      : isRecord(request) && Array.isArray(request.Keys)
        ? request.Keys
        : [];
    return entries.filter(isRecord).map((entry) => {
      const { PutRequest: put, DeleteRequest: remove } = entry;
      const item = isRecord(put) ? put.Item : isRecord(remove) ? remove.Key : entry;
      return isRecord(item) ? item : {};
    });
  });
}

function queriedPartition(input: OperationInput, hashKey: string): string | undefined {
  const {
    KeyConditionExpression: expression,
    ExpressionAttributeNames: names,
    ExpressionAttributeValues: values,
  } = input;
  if (typeof expression !== 'string' || !isRecord(values)) return undefined;
  for (const [, name = '', value = ''] of expression.matchAll(/([#\w.-]+)\s*=\s*(:\w+)/g)) {
    const attribute = isRecord(names) && name.startsWith('#') ? names[name] : name;
    if (attribute === hashKey) return scalarOf(values[value]);
  }
  return undefined;
}

function scalarOf(value: unknown): string | undefined {
  if (!isRecord(value)) return undefined;
  const scalar = value.S ?? value.N ?? value.B;
  return typeof scalar === 'string' ? scalar : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
