import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  BatchWriteCommand,
  DeleteCommand,
  DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import type { Key } from '../../protocol/keys.ts';
import type { ConditionalUpdate, Expression } from '../../protocol/writes.ts';

/** A sort key range of one partition. */
export interface Range {
  readonly pk: string;
  readonly from: string;
  readonly to: string;
}

/** How a range is read. */
export interface RangeOptions {
  readonly backwards?: boolean;
  readonly limit?: number;
  readonly attributes?: readonly string[];
}

/** One page of a listing, backwards in key order. */
export interface PageQuery {
  /** An index, whose reads are eventually consistent. */
  readonly index?: string;
  /** The partition key's name and value. */
  readonly partition: readonly [name: string, value: string];
  /** The sort key's name and what it begins with. */
  readonly sort?: readonly [name: string, prefix: string];
  /** Most items. */
  readonly limit: number;
  /** The whole key of the item before the page. */
  readonly after?: Readonly<Record<string, string>>;
}

/**
 * The one table. Reads are strongly consistent unless `cheap`. A write refused by its condition is a result; anything else
 * that fails throws the SDK's error, after the SDK's own retries, so its outcome may be unknown.
 */
export interface Table {
  get<Item>(
    key: Key,
    options?: { cheap?: boolean; attributes?: readonly string[] },
  ): Promise<Item | undefined>;
  put(item: Key, condition?: Expression): Promise<'stored' | 'refused'>;
  update<Item>(write: ConditionalUpdate): Promise<Item | 'refused'>;
  remove(key: Key, condition?: Expression): Promise<'removed' | 'refused'>;
  /** Every item of a range in key order, page by page as it is consumed. */
  range<Item>(range: Range, options?: RangeOptions): AsyncGenerator<Item, void, undefined>;
  /** One page; `hasMore` may be true before an empty one, and a page of large items is shorter than its limit. */
  page<Item>(query: PageQuery): Promise<{ readonly items: Item[]; readonly hasMore: boolean }>;
  /** Removes up to 25 items; returns those DynamoDB did not get to. */
  removeBatch(keys: readonly Key[]): Promise<Key[]>;
}

/** DynamoDB's limit for one BatchWriteItem: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html */
export const MAX_BATCH_WRITE_ITEMS = 25;

/** Whether an SDK error says that DynamoDB refused a write by its condition. */
function isRefusal(error: unknown): boolean {
  return error instanceof Error && error.name === 'ConditionalCheckFailedException';
}

async function unlessRefused<Result, Refused>(
  write: Promise<Result>,
  refused: Refused,
): Promise<Result | Refused> {
  try {
    return await write;
  } catch (error) {
    if (isRefusal(error)) return refused;
    throw error;
  }
}

function projection(attributes: readonly string[] | undefined) {
  if (!attributes) return {};
  return {
    ProjectionExpression: attributes.map((_, index) => `#a${index}`).join(', '),
    ExpressionAttributeNames: Object.fromEntries(attributes.map((name, index) => [`#a${index}`, name])),
  };
}

function conditionOf(condition: Expression | undefined) {
  if (!condition) return {};
  const hasValues = Object.keys(condition.values).length > 0;
  return {
    ConditionExpression: condition.expression,
    ExpressionAttributeNames: condition.names,
    ...(hasValues ? { ExpressionAttributeValues: condition.values } : {}),
  };
}

/** The table over the AWS SDK: three tries of 3 s each, keep-alive. */
export function createTable(tableName: string): Table {
  const client = DynamoDBDocumentClient.from(
    new DynamoDBClient({
      maxAttempts: 3,
      requestHandler: { connectionTimeout: 1_000, requestTimeout: 3_000, throwOnRequestTimeout: true },
    }),
    { marshallOptions: { removeUndefinedValues: true } },
  );
  const TableName = tableName;
  return {
    async get<Item>(key: Key, options: { cheap?: boolean; attributes?: readonly string[] } = {}) {
      const answer = await client.send(
        new GetCommand({
          TableName,
          Key: { pk: key.pk, sk: key.sk },
          ConsistentRead: !options.cheap,
          ...projection(options.attributes),
        }),
      );
      return answer.Item as Item | undefined;
    },
    put(item, condition) {
      const command = new PutCommand({ TableName, Item: item, ...conditionOf(condition) });
      return unlessRefused(
        client.send(command).then(() => 'stored' as const),
        'refused' as const,
      );
    },
    update<Item>(write: ConditionalUpdate) {
      const command = new UpdateCommand({
        TableName,
        Key: { pk: write.key.pk, sk: write.key.sk },
        UpdateExpression: write.update.expression,
        ConditionExpression: write.condition.expression,
        ExpressionAttributeNames: { ...write.update.names, ...write.condition.names },
        ExpressionAttributeValues: { ...write.update.values, ...write.condition.values },
        ReturnValues: 'ALL_NEW',
      });
      return unlessRefused(
        client.send(command).then((answer) => answer.Attributes as Item),
        'refused' as const,
      );
    },
    remove(key, condition) {
      const command = new DeleteCommand({
        TableName,
        Key: { pk: key.pk, sk: key.sk },
        ...conditionOf(condition),
      });
      return unlessRefused(
        client.send(command).then(() => 'removed' as const),
        'refused' as const,
      );
    },
    async *range<Item>(range: Range, options: RangeOptions = {}) {
      const projected = projection(options.attributes);
      let start: Record<string, unknown> | undefined;
      let left = options.limit ?? Number.POSITIVE_INFINITY;
      do {
        const answer = await client.send(
          new QueryCommand({
            TableName,
            ConsistentRead: true,
            ScanIndexForward: !options.backwards,
            KeyConditionExpression: '#pk = :pk AND #sk BETWEEN :from AND :to',
            ...projected,
            ExpressionAttributeNames: { ...projected.ExpressionAttributeNames, '#pk': 'pk', '#sk': 'sk' },
            ExpressionAttributeValues: { ':pk': range.pk, ':from': range.from, ':to': range.to },
            ...(Number.isFinite(left) ? { Limit: left } : {}),
            ...(start ? { ExclusiveStartKey: start } : {}),
          }),
        );
        for (const item of answer.Items ?? []) yield item as Item;
        left -= answer.Items?.length ?? 0;
        start = answer.LastEvaluatedKey;
      } while (start && left > 0);
    },
    async page<Item>({ index, partition, sort, limit, after }: PageQuery) {
      const answer = await client.send(
        new QueryCommand({
          TableName,
          ...(index === undefined ? { ConsistentRead: true } : { IndexName: index }),
          ScanIndexForward: false,
          KeyConditionExpression: sort
            ? '#partition = :partition AND begins_with(#sort, :prefix)'
            : '#partition = :partition',
          ExpressionAttributeNames: { '#partition': partition[0], ...(sort ? { '#sort': sort[0] } : {}) },
          ExpressionAttributeValues: { ':partition': partition[1], ...(sort ? { ':prefix': sort[1] } : {}) },
          Limit: limit,
          ...(after ? { ExclusiveStartKey: after } : {}),
        }),
      );
      return { items: (answer.Items ?? []) as Item[], hasMore: answer.LastEvaluatedKey !== undefined };
    },
    async removeBatch(keys) {
      const requests = keys.map((key) => ({ DeleteRequest: { Key: { pk: key.pk, sk: key.sk } } }));
      const answer = await client.send(new BatchWriteCommand({ RequestItems: { [TableName]: requests } }));
      return (answer.UnprocessedItems?.[TableName] ?? []).map((request) => request.DeleteRequest?.Key as Key);
    },
  };
}
