import {
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  type AttributeValue,
} from '@aws-sdk/client-dynamodb';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startDatabase, type Database } from '../../../local/database/index.ts';
import { NO_FAULTS, type DatabaseFaults, type FaultCounts } from '../../../local/faults/index.ts';
import { createPrincipals } from '../../../local/iam/index.ts';
import { databaseOf, REGION, roleArn, tableArn, tableOf } from './tables.ts';

const role = (name: string, sessionName: string) => ({
  name,
  arn: roleArn(name),
  sessionName,
  statements: [{ Effect: 'Allow' as const, Action: 'dynamodb:*', Resource: tableArn() }],
});
const principals = createPrincipals(
  [role('function', 'generate'), role('dataSource', 'APPSYNC_ASSUME_ROLE')],
  'test',
);

let database: Database;
const clients: DynamoDBClient[] = [];

/** With the settings of the functions' own client. */
function clientOf(name: string, maxAttempts: number): DynamoDBClient {
  const credentials = principals.byRole(roleArn(name));
  if (!credentials) throw new Error(`no role ${name}`);
  const client = new DynamoDBClient({
    endpoint: database.endpoint,
    region: REGION,
    credentials,
    maxAttempts,
    requestHandler: { connectionTimeout: 1_000, requestTimeout: 3_000, throwOnRequestTimeout: true },
  });
  clients.push(client);
  return client;
}

beforeAll(async () => {
  database = await startDatabase(databaseOf([tableOf('chat', ['pk'])], principals.list()));
});
afterEach(() => database.setFaults(NO_FAULTS));
afterAll(async () => {
  for (const client of clients) client.destroy();
  await database.close();
});

const withFaults = (faults: Partial<DatabaseFaults>, seed = 1) =>
  database.setFaults({ ...NO_FAULTS, seed, database: { ...NO_FAULTS.database, ...faults } });
const put = (pk: string) =>
  new PutItemCommand({
    TableName: 'chat',
    Item: { pk: { S: pk } },
    ConditionExpression: 'attribute_not_exists(pk)',
  });
const stored = async (pk: string): Promise<Record<string, AttributeValue> | undefined> => {
  const command = new GetItemCommand({ TableName: 'chat', Key: { pk: { S: pk } }, ConsistentRead: true });
  return (await clientOf('dataSource', 1).send(command)).Item;
};
const nameOf = (error: unknown): string => {
  const { name, code } = error as { name: string; code?: string };
  return code === 'ECONNRESET' ? code : name;
};

/** What twenty writes ended with, each without a retry. */
async function outcomes(prefix: string): Promise<Set<string>> {
  const client = clientOf('function', 1);
  const names = new Set<string>();
  for (let write = 0; write < 20; write += 1) {
    const outcome = client.send(put(`${prefix}${write}`)).then(() => 'stored', nameOf);
    names.add(await outcome);
  }
  return names;
}

/** How often a fault happened since it was `before`. */
async function happened(fault: keyof FaultCounts, before: FaultCounts): Promise<number> {
  return ((await database.injectedFaults())[fault] ?? 0) - (before[fault] ?? 0);
}

describe('a database with faults', () => {
  it('refuses for too much load in both of the forms the SDK knows, and stores nothing', async () => {
    const before = await database.injectedFaults();
    await withFaults({ throttle: 1 });

    expect(await outcomes('throttled')).toEqual(
      new Set(['ThrottlingException', 'ProvisionedThroughputExceededException']),
    );
    expect(await happened('database.throttle', before)).toBe(20);
    expect(await stored('throttled0')).toBeUndefined();
  });

  it('fails by an error and by a reset, and stores nothing', async () => {
    const before = await database.injectedFaults();
    await withFaults({ fail: 1 });

    expect(await outcomes('failed')).toEqual(new Set(['InternalServerError', 'ECONNRESET']));
    expect(await happened('database.fail', before)).toBe(20);
    expect(await stored('failed0')).toBeUndefined();
  });

  it('stores although it fails, so that the same write is refused afterwards', async () => {
    const before = await database.injectedFaults();
    await withFaults({ appliedButFailed: 1 });

    expect(await outcomes('applied')).toEqual(new Set(['InternalServerError', 'ECONNRESET']));
    expect(await happened('database.appliedButFailed', before)).toBe(20);
    for (let write = 0; write < 20; write += 1) expect(await stored(`applied${write}`)).toBeDefined();
    await withFaults({});
    expect(await outcomes('applied')).toEqual(new Set(['ConditionalCheckFailedException']));
  });

  it('stores late, after its caller gave up', async () => {
    await withFaults({ late: 1 });
    const refused = clientOf('function', 1).send(put('late')).catch(nameOf);

    expect(await refused).toBe('TimeoutError');
    await expect.poll(() => stored('late'), { timeout: 10_000, interval: 20 }).toBeDefined();
  });

  it("is got over by the SDK's own retries", async () => {
    const before = await database.injectedFaults();
    const client = clientOf('function', 6);
    await withFaults({ throttle: 0.2, fail: 0.2 });

    const results = [];
    for (let write = 0; write < 20; write += 1) results.push(await client.send(put(`retried${write}`)));

    const retries = results.reduce((sum, { $metadata }) => sum + ($metadata.attempts ?? 1) - 1, 0);
    const injected =
      (await happened('database.throttle', before)) + (await happened('database.fail', before));
    expect(retries).toBeGreaterThan(0);
    expect(retries).toBe(injected);
  });

  it('spares AppSync unless it is asked for', async () => {
    await withFaults({ throttle: 1 });
    expect(await stored('nothing')).toBeUndefined();

    await withFaults({ throttle: 1, appsync: true });
    await expect(stored('nothing')).rejects.toThrow();
  });
});
