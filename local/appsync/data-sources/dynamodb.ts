import type { Principal } from '../../iam/index.ts';
import { messageOf } from '../errors.ts';
import type { AttributeMap } from './attribute-values.ts';
import { itemToPlain, sameItem } from './attribute-values.ts';
import { asObject, failed } from './data-source.ts';
import type { DataSource, DataSourceOutcome } from './data-source.ts';
import { batchGet, batchWrite } from './dynamodb-batch.ts';
import type { DynamoDbClient } from './dynamodb-client.ts';
import { DynamoDbError } from './dynamodb-client.ts';
import {
  deleteItemInput,
  getItemInput,
  putItemInput,
  readManyInput,
  UnusableRequestError,
  updateItemInput,
  writeToken,
} from './dynamodb-requests.ts';

type Json = Record<string, unknown>;

/** The table of an AMAZON_DYNAMODB data source and the role that reaches it. */
export interface DynamoDbTarget {
  tableName: string;
  principal: Principal;
  client: DynamoDbClient;
}

/**
 * The AMAZON_DYNAMODB data source. Results are plain JSON: the item (`UpdateItem` the whole new one, `DeleteItem` the old one), or
 * `{items, nextToken, scannedCount}`. Errors: `DynamoDB:<Code>` with DynamoDB's sentence.
 *
 * A failed condition is AppSync's: the stored item is read (strongly consistent, with the same role, which needs
 * `dynamodb:GetItem`). `PutItem` counts as success when it equals the attempted one (`equalsIgnore` leaves attributes out),
 * `DeleteItem` when nothing is stored; everything else, `UpdateItem` always, is the error
 * `DynamoDB:ConditionalCheckFailedException` with the stored item as the result.
 *
 * Transactions and `Sync` are refused by name: the local database has none.
 */
export function dynamoDbDataSource(target: DynamoDbTarget): DataSource {
  const send = (operation: string, input: object): Promise<Json> =>
    target.client.send(operation, input, target.principal);
  return async (value) => {
    const request = asObject(value) ?? {};
    try {
      return await carryOut(request, target.tableName, send);
    } catch (cause) {
      if (cause instanceof UnusableRequestError) return failed('MappingTemplate', cause.message);
      if (cause instanceof DynamoDbError) return failed(`DynamoDB:${cause.code}`, sentence(cause));
      return failed('DynamoDB:SdkClientException', messageOf(cause));
    }
  };
}

type Send = (operation: string, input: object) => Promise<Json>;

async function carryOut(request: Json, table: string, send: Send): Promise<DataSourceOutcome> {
  const operation = String(request['operation']);
  switch (operation) {
    case 'GetItem': {
      const answer = await send('GetItem', getItemInput(table, request));
      return { result: itemToPlain(answer['Item'] as AttributeMap | undefined) };
    }
    case 'PutItem': {
      const input = putItemInput(table, request);
      const item = input['Item'] as AttributeMap;
      const ignored = conditionOf(request)['equalsIgnore'];
      const equal = new Set(Array.isArray(ignored) ? ignored.map(String) : []);
      return conditional(
        request,
        table,
        send,
        async () => {
          await send('PutItem', input);
          return { result: itemToPlain(item) };
        },
        (stored) => stored !== undefined && sameItem(stored, item, equal),
      );
    }
    case 'UpdateItem': {
      const input = updateItemInput(table, request);
      const write = async (): Promise<DataSourceOutcome> => {
        const answer = await send('UpdateItem', input);
        return { result: itemToPlain(answer['Attributes'] as AttributeMap | undefined) };
      };
      return conditional(request, table, send, write, () => false);
    }
    case 'DeleteItem': {
      const input = deleteItemInput(table, request);
      const write = async (): Promise<DataSourceOutcome> => {
        const answer = await send('DeleteItem', input);
        return { result: itemToPlain(answer['Attributes'] as AttributeMap | undefined) };
      };
      return conditional(request, table, send, write, (stored) => stored === undefined);
    }
    case 'Query':
    case 'Scan':
      return readMany(request, table, send);
    case 'BatchGetItem':
      return { result: await batchGet(request, send) };
    case 'BatchPutItem':
    case 'BatchDeleteItem':
      return { result: await batchWrite(request, send) };
    default:
      throw new UnusableRequestError(`The local stack has no DynamoDB operation ${operation}.`);
  }
}

async function readMany(request: Json, table: string, send: Send): Promise<DataSourceOutcome> {
  const answer = await send(String(request['operation']), readManyInput(table, request));
  const last = answer['LastEvaluatedKey'];
  return {
    result: {
      items: ((answer['Items'] ?? []) as AttributeMap[]).map(itemToPlain),
      nextToken: last === undefined ? null : writeToken(last),
      scannedCount: answer['ScannedCount'] ?? 0,
    },
  };
}

/** A write that may fail its condition; `settled` says whether the stored item makes the failure a success. */
async function conditional(
  request: Json,
  table: string,
  send: Send,
  write: () => Promise<DataSourceOutcome>,
  settled: (stored: AttributeMap | undefined) => boolean,
): Promise<DataSourceOutcome> {
  const handler = asObject(conditionOf(request)['conditionalCheckFailedHandler']);
  if (handler !== undefined && handler['strategy'] !== 'Reject') {
    throw new UnusableRequestError('The local stack has no conditionalCheckFailedHandler but Reject.');
  }
  try {
    return await write();
  } catch (cause) {
    if (!(cause instanceof DynamoDbError) || cause.code !== 'ConditionalCheckFailedException') throw cause;
    const consistent = conditionOf(request)['consistentRead'] !== false;
    const answer = await send('GetItem', {
      ...getItemInput(table, { key: request['key'] }),
      ConsistentRead: consistent,
    });
    const stored = answer['Item'] as AttributeMap | undefined;
    const result = itemToPlain(stored);
    return settled(stored) ? { result } : failed(`DynamoDB:${cause.code}`, sentence(cause), result);
  }
}

function conditionOf(request: Json): Json {
  return asObject(request['condition']) ?? {};
}

function sentence(error: DynamoDbError): string {
  return `${error.message} (Service: DynamoDb, Status Code: 400, Request ID: ${error.requestId})`;
}
