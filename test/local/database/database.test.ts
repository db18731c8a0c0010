import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  BatchGetItemCommand,
  BatchWriteItemCommand,
  DynamoDBClient,
  GetItemCommand,
  ListTablesCommand,
  PutItemCommand,
  QueryCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  startDatabase,
  type Database,
  type DatabaseOptions,
  type TableSpec,
} from '../../../local/database/index.ts';
import { createPrincipals } from '../../../local/iam/index.ts';
import { ACCOUNT_ID, databaseOf, REGION, roleArn, tableArn, tableOf } from './tables.ts';

const arn = tableArn();
const indexed = tableOf('chat');
const chat: TableSpec = {
  ...indexed,
  attributeDefinitions: [...indexed.attributeDefinitions, { AttributeName: 'owner', AttributeType: 'S' }],
  globalSecondaryIndexes: [
    {
      IndexName: 'listing',
      KeySchema: [
        { AttributeName: 'owner', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
      Projection: { ProjectionType: 'ALL' },
    },
  ],
};
const other = tableOf('other');

const role = (name: string, actions: string[], resources: string[]) => ({
  name,
  arn: roleArn(name),
  statements: [{ Effect: 'Allow' as const, Action: actions, Resource: resources }],
});
const principals = createPrincipals(
  [
    role('writer', ['dynamodb:*'], [arn, `${arn}/index/*`]),
    role('reader', ['dynamodb:GetItem', 'dynamodb:Query'], [arn]),
  ],
  'test',
);
const options: DatabaseOptions = databaseOf([chat, other], principals.list());

const clients: DynamoDBClient[] = [];
function clientOf(name: string, database: Database): DynamoDBClient {
  const credentials = principals.byRole(roleArn(name));
  const client = new DynamoDBClient({
    endpoint: database.endpoint,
    region: REGION,
    credentials: credentials ?? { accessKeyId: 'ASIAUNKNOWN', secretAccessKey: 'x' },
    maxAttempts: 1,
  });
  clients.push(client);
  return client;
}
afterAll(() => clients.forEach((client) => client.destroy()));

const key = (pk: string, sk = 'C') => ({ pk: { S: pk }, sk: { S: sk } });
const put = (pk: string, more: object = {}) =>
  new PutItemCommand({
    TableName: 'chat',
    Item: { ...key(pk), owner: { S: 'u:1' }, text: { S: 'é🚀' }, ...more },
    ConditionExpression: 'attribute_not_exists(pk)',
  });
const get = (pk: string) => new GetItemCommand({ TableName: 'chat', Key: key(pk), ConsistentRead: true });

describe('startDatabase', () => {
  let database: Database;
  let writer: DynamoDBClient;
  let reader: DynamoDBClient;

  beforeAll(async () => {
    database = await startDatabase({ ...options, withOfflineModel: true });
    [writer, reader] = [clientOf('writer', database), clientOf('reader', database)];
  });
  afterAll(() => database.close());

  it('serves conditional writes, reads and queries of a table and its index', async () => {
    await writer.send(put('a'));
    await writer.send(
      new UpdateItemCommand({
        TableName: 'chat',
        Key: key('a'),
        UpdateExpression: 'SET n = :n',
        ConditionExpression: 'attribute_exists(pk)',
        ExpressionAttributeValues: { ':n': { N: '3' } },
      }),
    );

    await expect(writer.send(put('a'))).rejects.toMatchObject({ name: 'ConditionalCheckFailedException' });
    expect((await reader.send(get('a'))).Item).toEqual({
      ...key('a'),
      owner: { S: 'u:1' },
      text: { S: 'é🚀' },
      n: { N: '3' },
    });
    const query = {
      TableName: 'chat',
      ExpressionAttributeValues: { ':v': { S: 'a' } },
      KeyConditionExpression: 'pk = :v',
    };
    expect((await reader.send(new QueryCommand(query))).Count).toBe(1);
    const listing = await writer.send(
      new QueryCommand({
        TableName: 'chat',
        IndexName: 'listing',
        KeyConditionExpression: '#o = :v',
        ExpressionAttributeNames: { '#o': 'owner' },
        ExpressionAttributeValues: { ':v': { S: 'u:1' } },
      }),
    );
    expect(listing).toMatchObject({ Count: 1, Items: [{ n: { N: '3' } }] });
  });

  it('refuses what the role is not granted, and changes nothing', async () => {
    await expect(reader.send(put('denied'))).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message: `User: arn:aws:sts::${ACCOUNT_ID}:assumed-role/reader/reader is not authorized to perform: dynamodb:PutItem on resource: ${arn} because no identity-based policy allows the dynamodb:PutItem action`,
      $metadata: { httpStatusCode: 400 },
    });
    expect((await writer.send(get('denied'))).Item).toBeUndefined();
  });

  it('checks an index and every table of a batch for themselves', async () => {
    const listing = new QueryCommand({
      TableName: 'chat',
      IndexName: 'listing',
      KeyConditionExpression: 'pk = :v',
      ExpressionAttributeValues: { ':v': { S: 'x' } },
    });
    const batch = (tables: string[]) =>
      new BatchGetItemCommand({
        RequestItems: Object.fromEntries(tables.map((name) => [name, { Keys: [key('x')] }])),
      });

    await expect(reader.send(listing)).rejects.toThrow(`${arn}/index/listing`);
    await expect(writer.send(batch(['chat', 'other']))).rejects.toThrow('table/other');
    expect((await writer.send(batch(['chat']))).Responses).toEqual({ chat: [] });
    await expect(writer.send(new ListTablesCommand())).rejects.toThrow('dynamodb:ListTables on resource: *');
  });

  it('keeps an idle connection open, so that no request meets one that is ending', async () => {
    const answer = await fetch(database.endpoint);

    expect(answer.headers.get('connection')).toBe('keep-alive');
    expect(answer.headers.get('keep-alive')).toBeNull();
  });

  it('refuses unknown keys and requests without a signature', async () => {
    await expect(clientOf('nobody', database).send(get('a'))).rejects.toMatchObject({
      name: 'UnrecognizedClientException',
    });
    const unsigned = await fetch(database.endpoint, {
      method: 'POST',
      headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': 'DynamoDB_20120810.GetItem' },
      body: JSON.stringify({ TableName: 'chat', Key: key('a') }),
    });
    expect(unsigned.status).toBe(400);
    expect(await unsigned.json()).toMatchObject({
      __type: expect.stringContaining('MissingAuthenticationToken') as unknown,
    });
  });

  it('does not take a presigned query for permission', async () => {
    const query = new URLSearchParams({
      'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
      'X-Amz-Credential': 'x/20300101/r/dynamodb/aws4_request',
      'X-Amz-Date': '20300101T000000Z',
      'X-Amz-SignedHeaders': 'host',
      'X-Amz-Signature': '0',
    });
    const answer = await fetch(`${database.endpoint}/?${query}`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': 'DynamoDB_20120810.GetItem' },
      body: JSON.stringify({ TableName: 'chat', Key: key('a') }),
    });

    expect(answer.status).toBe(400);
  });

  it('refuses transactions, which it does not have', async () => {
    const transaction = new TransactWriteItemsCommand({
      TransactItems: [{ Put: { TableName: 'chat', Item: key('t') } }],
    });

    await expect(writer.send(transaction)).rejects.toMatchObject({ name: 'UnknownOperationException' });
  });

  it('judges the next request by new principals', async () => {
    const granted = createPrincipals(
      [role('reader', ['dynamodb:*'], [arn]), role('writer', ['dynamodb:*'], [arn])],
      'test',
    );

    await database.replacePrincipals(granted.list());
    await reader.send(put('granted'));
    await database.replacePrincipals(principals.list());

    await expect(reader.send(put('again'))).rejects.toMatchObject({ name: 'AccessDeniedException' });
  });

  it('counts units by partition without showing them to who did not ask', async () => {
    const large = { text: { S: 'x'.repeat(2_500) } };
    const first = await writer.send(put('counted', large));
    await writer.send(get('counted'));
    await writer.send(put('counted')).catch(() => undefined);
    await writer.send(
      new BatchWriteItemCommand({
        RequestItems: { chat: [1, 2].map((sk) => ({ PutRequest: { Item: key('counted', `${sk}`) } })) },
      }),
    );
    const asked = await writer.send(
      new GetItemCommand({ TableName: 'chat', Key: key('counted'), ReturnConsumedCapacity: 'TOTAL' }),
    );

    expect(first.ConsumedCapacity).toBeUndefined();
    expect(asked.ConsumedCapacity).toEqual({ CapacityUnits: 0.5, TableName: 'chat' });
    const counted = (await database.counters()).filter(({ partition }) => partition === 'counted');
    expect(counted).toEqual([
      expect.objectContaining({
        operation: 'PutItem',
        requests: 2,
        conditionFailures: 1,
        writeUnits: 4,
        table: 'chat',
      }),
      expect.objectContaining({ operation: 'GetItem', requests: 2, readUnits: 1.5 }),
      expect.objectContaining({ operation: 'BatchWriteItem', requests: 1, writeUnits: 2 }),
    ]);
  });

  it('takes 16 writers of one item at once, one of which wins', async () => {
    const outcomes = await Promise.allSettled(Array.from({ length: 16 }, () => writer.send(put('race'))));

    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it('runs the offline model beside it', async () => {
    const answer = await fetch(`${database.modelUrl}/v1/chat/completions`, {
      method: 'POST',
      body: JSON.stringify({ model: 'm', messages: [{ role: 'user', content: '/echo hi' }] }),
    });

    expect(await answer.json()).toMatchObject({ choices: [{ message: { content: 'hi' } }] });
  });

  it('goes on after Ctrl-C, which is for the parent to act on', async () => {
    process.kill(database.pid, 'SIGINT');

    expect((await reader.send(get('a'))).Item).toBeDefined();
  });
});

describe('life of the database process', () => {
  const cleanups: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });
  async function start(more: Partial<DatabaseOptions> = {}): Promise<Database> {
    const database = await startDatabase({ ...options, ...more });
    cleanups.push(() => database.close());
    return database;
  }
  async function dataFolder(): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'database-'));
    cleanups.push(() => rm(folder, { recursive: true }));
    return folder;
  }

  it('keeps items in the data folder, also when killed', async () => {
    const dataDir = await dataFolder();
    const first = await start({ dataDir });
    await clientOf('writer', first).send(put('kept'));

    process.kill(first.pid, 'SIGKILL');
    expect(await first.ended).toContain('SIGKILL');
    const second = await start({ dataDir });

    expect((await clientOf('reader', second).send(get('kept'))).Item).toBeDefined();
  });

  it('keeps nothing without a folder', async () => {
    const first = await start();
    await clientOf('writer', first).send(put('gone'));
    await first.close();
    const second = await start();

    expect((await clientOf('reader', second).send(get('gone'))).Item).toBeUndefined();
  });

  it('refuses a data folder that another stack uses', async () => {
    const dataDir = await dataFolder();
    await start({ dataDir });

    await expect(startDatabase({ ...options, dataDir })).rejects.toThrow('is another stack using it?');
  });

  it('refuses a kept table of another shape and names it', async () => {
    const dataDir = await dataFolder();
    await (await start({ dataDir })).close();
    const changed = { ...chat, keySchema: chat.keySchema.slice(0, 1) };

    await expect(startDatabase({ ...options, dataDir, tables: [changed] })).rejects.toThrow(
      'Table chat in the data folder has other keys or indexes',
    );
  });

  it('says why a table cannot be created', async () => {
    await expect(startDatabase({ ...options, tables: [{ ...other, name: 'x' }] })).rejects.toThrow(
      /Table x cannot be created/,
    );
  });

  it('closes within 3 s although connections are open and a request stalls, and twice does no harm', async () => {
    const database = await start({ withOfflineModel: true });
    await clientOf('writer', database).send(put('open'));
    const stalled = fetch(`${database.modelUrl}/v1/chat/completions`, {
      method: 'POST',
      body: JSON.stringify({ model: 'm', messages: [{ role: 'user', content: '/stall 0' }] }),
    });
    const broken = expect(stalled).rejects.toThrow();
    const startedAt = performance.now();

    await Promise.all([database.close(), database.close()]);
    await broken;

    expect(performance.now() - startedAt).toBeLessThan(3_000);
    expect(await database.ended).toBeUndefined();
    expect(() => process.kill(database.pid, 0)).toThrow('ESRCH');
    await expect(database.counters()).rejects.toThrow('has ended');
  });

  it('ends on SIGTERM', async () => {
    const database = await start();

    process.kill(database.pid, 'SIGTERM');

    expect(await database.ended).toBe('the process ended with 0');
  });

  it('does not outlive its parent', async () => {
    const parent = fork(new URL('./database-parent.ts', import.meta.url), { execArgv: [], silent: true });
    const [endpoint] = (await once(parent, 'message')) as [string];
    expect((await fetch(endpoint)).status).toBe(200);

    parent.kill('SIGKILL');
    // The database inherits this pipe, so it ends when both processes have ended. (A pid would linger until it is reaped.)
    parent.stderr?.resume();
    if (parent.stderr) await once(parent.stderr, 'end');

    await expect(fetch(endpoint)).rejects.toThrow();
  });
});
