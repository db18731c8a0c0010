import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import dynalite from 'dynalite';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createDynamoDbClient } from '../../../../local/appsync/data-sources/dynamodb-client.ts';
import type { DynamoDbClient } from '../../../../local/appsync/data-sources/dynamodb-client.ts';
import { dynamoDbDataSource } from '../../../../local/appsync/data-sources/dynamodb.ts';
import type { DataSource } from '../../../../local/appsync/data-sources/data-source.ts';
import type { Principal } from '../../../../local/iam/index.ts';
import { principalsOf } from '../api-fixture.ts';

const principal = principalsOf().list()[0] as Principal;
let database: Server;
let client: DynamoDbClient;
let run: DataSource;

const listen = (server: Server): Promise<string> =>
  new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () =>
      resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
    );
  });

beforeAll(async () => {
  database = dynalite({ createTableMs: 0, deleteTableMs: 0 });
  client = createDynamoDbClient(await listen(database), 'eu-central-1');
  await client.send(
    'CreateTable',
    {
      TableName: 'chat',
      AttributeDefinitions: ['pk', 'sk'].map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
      BillingMode: 'PAY_PER_REQUEST',
    },
    principal,
  );
  run = dynamoDbDataSource({ tableName: 'chat', principal, client });
});
afterAll(() => {
  client.close();
  database.closeAllConnections();
  database.close();
});

let pk = '';
let tests = 0;
beforeEach(() => {
  tests += 1;
  pk = `owner-${tests}`;
});
const key = (sk: string) => ({ pk: { S: pk }, sk: { S: sk } });
const absent = { expression: 'attribute_not_exists(pk)' };
const put = (sk: string, attributes: object, condition?: object) =>
  run({ operation: 'PutItem', key: key(sk), attributeValues: attributes, condition });
const conditionFailed = {
  type: 'DynamoDB:ConditionalCheckFailedException',
  message: expect.stringMatching(
    /^The conditional request failed \(Service: DynamoDb, Status Code: 400, Request ID: .+\)$/,
  ) as string,
};

describe('the DynamoDB data source', () => {
  it('puts numbers that are no strings yet and reads plain JSON back', async () => {
    const attributes = {
      n: { N: 10 },
      list: { L: [{ N: 1.5 }, { BOOL: true }, { NULL: null }] },
      map: { M: { inner: { S: 'x' }, deep: { M: { n: { N: 2 } } } } },
      set: { SS: ['a', 'b'] },
    };
    const plain = {
      pk,
      sk: 'a',
      n: 10,
      list: [1.5, true, null],
      map: { inner: 'x', deep: { n: 2 } },
      set: ['a', 'b'],
    };
    expect(await put('a', attributes)).toEqual({ result: plain });
    expect(await run({ operation: 'GetItem', key: key('a'), consistentRead: true })).toEqual({
      result: plain,
    });
    expect(await run({ operation: 'GetItem', key: key('none') })).toEqual({ result: null });
    const projection = { expression: '#n', expressionNames: { '#n': 'n' } };
    expect(await run({ operation: 'GetItem', key: key('a'), projection })).toEqual({ result: { n: 10 } });
  });

  it('counts a failed PutItem whose stored item is equal as a success', async () => {
    await put('a', { n: { N: 1 }, set: { SS: ['b', 'a'] } }, absent);
    const again = await put('a', { set: { SS: ['a', 'b'] }, n: { N: '1.0' } }, absent);
    expect(again).toEqual({ result: { pk, sk: 'a', n: 1, set: ['b', 'a'] } });
  });

  it('gives the stored item when a PutItem fails its condition', async () => {
    await put('a', { n: { N: 1 } }, absent);
    const other = await put('a', { n: { N: 2 } }, absent);
    expect(other).toEqual({ result: { pk, sk: 'a', n: 1 }, error: conditionFailed });
    const ignoring = await put('a', { n: { N: 2 } }, { ...absent, equalsIgnore: ['n'] });
    expect(ignoring).toEqual({ result: { pk, sk: 'a', n: 1 } });
  });

  it('updates with names and values of update and condition, and answers the whole new item', async () => {
    await put('a', { n: { N: 1 }, kept: { S: 'yes' } });
    const update = {
      expression: 'SET #n = #n + :one',
      expressionNames: { '#n': 'n' },
      expressionValues: { ':one': { N: 1 } },
    };
    const condition = {
      expression: '#k = :yes',
      expressionNames: { '#k': 'kept' },
      expressionValues: { ':yes': { S: 'yes' } },
    };
    expect(await run({ operation: 'UpdateItem', key: key('a'), update, condition })).toEqual({
      result: { pk, sk: 'a', n: 2, kept: 'yes' },
    });
  });

  it('always fails an UpdateItem on its condition, with the stored item', async () => {
    await put('a', { n: { N: 1 } });
    const update = { expression: 'SET n = :n', expressionValues: { ':n': { N: 1 } } };
    expect(await run({ operation: 'UpdateItem', key: key('a'), update, condition: absent })).toEqual({
      result: { pk, sk: 'a', n: 1 },
      error: conditionFailed,
    });
    const exists = { expression: 'attribute_exists(pk)' };
    expect(await run({ operation: 'UpdateItem', key: key('b'), update, condition: exists })).toEqual({
      result: null,
      error: conditionFailed,
    });
  });

  it('counts deleting an absent item as a success despite its condition', async () => {
    await put('a', { n: { N: 1 } });
    const condition = { expression: 'n = :n', expressionValues: { ':n': { N: 1 } } };
    const wrong = { ...condition, expressionValues: { ':n': { N: 2 } } };
    expect(await run({ operation: 'DeleteItem', key: key('a'), condition: wrong })).toEqual({
      result: { pk, sk: 'a', n: 1 },
      error: conditionFailed,
    });
    expect(await run({ operation: 'DeleteItem', key: key('a'), condition })).toEqual({
      result: { pk, sk: 'a', n: 1 },
    });
    expect(await run({ operation: 'DeleteItem', key: key('a'), condition })).toEqual({ result: null });
  });

  it('pages a Query with an opaque token', async () => {
    for (const sk of ['1', '2', '3']) await put(sk, {});
    const query = { expression: 'pk = :pk', expressionValues: { ':pk': { S: pk } } };
    const first = await run({ operation: 'Query', query, limit: 2, scanIndexForward: false });
    expect(first.result).toMatchObject({ items: [{ sk: '3' }, { sk: '2' }], scannedCount: 2 });
    const { nextToken } = first.result as { nextToken: string };
    expect(nextToken).toMatch(/^[A-Za-z0-9+/=]+$/);
    const rest = await run({ operation: 'Query', query, scanIndexForward: false, nextToken });
    expect(rest.result).toEqual({ items: [{ pk, sk: '1' }], nextToken: null, scannedCount: 1 });
    const forged = await run({ operation: 'Query', query, nextToken: 'forged' });
    expect(forged.error?.message).toBe('Invalid pagination token given.');
  });

  it('filters and projects a Query and scans', async () => {
    for (const sk of ['1', '2', '3']) await put(sk, { n: { N: Number(sk) }, owner: { S: pk } });
    const query = { expression: 'pk = :pk', expressionValues: { ':pk': { S: pk } } };
    const filter = { expression: 'n > :n', expressionValues: { ':n': { N: 1 } } };
    const projection = { expression: '#sk', expressionNames: { '#sk': 'sk' } };
    const answer = await run({ operation: 'Query', query, filter, projection });
    expect(answer.result).toEqual({ items: [{ sk: '2' }, { sk: '3' }], nextToken: null, scannedCount: 3 });
    const mine = {
      expression: '#o = :o',
      expressionNames: { '#o': 'owner' },
      expressionValues: { ':o': { S: pk } },
    };
    const scanned = (await run({ operation: 'Scan', filter: mine })).result as { items: unknown[] };
    expect(scanned.items).toHaveLength(3);
  });

  it('reads and writes batches, absent items as null in the order of the keys', async () => {
    const items = ['1', '2'].map((sk) => ({ ...key(sk), n: { N: Number(sk) } }));
    expect(await run({ operation: 'BatchPutItem', tables: { chat: items } })).toEqual({
      result: {
        data: {
          chat: [
            { pk, sk: '1', n: 1 },
            { pk, sk: '2', n: 2 },
          ],
        },
        unprocessedItems: { chat: [] },
      },
    });
    const keys = [key('2'), key('none'), key('1')];
    expect(
      await run({ operation: 'BatchGetItem', tables: { chat: { keys, consistentRead: true } } }),
    ).toEqual({
      result: {
        data: { chat: [{ pk, sk: '2', n: 2 }, null, { pk, sk: '1', n: 1 }] },
        unprocessedKeys: { chat: [] },
      },
    });
    expect(await run({ operation: 'BatchDeleteItem', tables: { chat: [key('1')] } })).toEqual({
      result: { data: { chat: [{ pk, sk: '1' }] }, unprocessedKeys: { chat: [] } },
    });
    expect(await run({ operation: 'GetItem', key: key('1') })).toEqual({ result: null });
  });

  it('leaves every other failure in error, by name', async () => {
    expect((await run({ operation: 'TransactWriteItems' })).error?.message).toBe(
      'The local stack has no DynamoDB operation TransactWriteItems.',
    );
    expect((await run({ operation: 'GetItem' })).error).toEqual({
      type: 'MappingTemplate',
      message: "Value for field '$[key]' not found.",
    });
    const elsewhere = dynamoDbDataSource({ tableName: 'nowhere', principal, client });
    expect((await elsewhere({ operation: 'GetItem', key: key('1') })).error?.type).toBe(
      'DynamoDB:ResourceNotFoundException',
    );
  });

  it('passes on a refusal of IAM with its sentence and sends the access key of the role', async () => {
    let authorization: string | undefined;
    const denying = createServer((request, response) => {
      authorization = request.headers.authorization;
      request.resume();
      const sentence = 'User: someone is not authorized to perform: dynamodb:GetItem on resource: table/chat';
      response.writeHead(400, { 'content-type': 'application/x-amz-json-1.0' });
      response.end(
        JSON.stringify({ __type: 'com.amazon.coral.service#AccessDeniedException', Message: sentence }),
      );
    });
    const refused = createDynamoDbClient(await listen(denying), 'eu-central-1');
    const source = dynamoDbDataSource({ tableName: 'chat', principal, client: refused });
    const { error } = await source({ operation: 'GetItem', key: key('1') });
    expect(error?.type).toBe('DynamoDB:AccessDeniedException');
    expect(error?.message).toContain('dynamodb:GetItem on resource: table/chat');
    expect(authorization).toContain(`Credential=${principal.accessKeyId}/`);
    refused.close();
    denying.closeAllConnections();
    denying.close();
    expect((await source({ operation: 'GetItem', key: key('1') })).error?.type).toBe(
      'DynamoDB:SdkClientException',
    );
  });
});
