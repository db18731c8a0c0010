import { startDatabase, type Database } from '../../local/database/index.ts';
import { createPrincipals } from '../../local/iam/index.ts';
import { createTable, type Table } from '../../functions/table/table.ts';

const [region, accountId] = ['eu-west-1', '111122223333'];
const arn = `arn:aws:dynamodb:${region}:${accountId}:table/chat`;

/** A real local database with the one table, reached as a deployed function reaches it: by its environment. */
export async function startTable(): Promise<{ table: Table; database: Database; close(): Promise<void> }> {
  const principals = createPrincipals(
    [
      {
        name: 'worker',
        arn: `arn:aws:iam::${accountId}:role/worker`,
        statements: [{ Effect: 'Allow', Action: ['dynamodb:*'], Resource: [arn] }],
      },
    ],
    'functions-test',
  );
  const database = await startDatabase({
    host: '127.0.0.1',
    region,
    accountId,
    tables: [
      {
        name: 'chat',
        arn,
        keySchema: [
          { AttributeName: 'pk', KeyType: 'HASH' },
          { AttributeName: 'sk', KeyType: 'RANGE' },
        ],
        attributeDefinitions: ['pk', 'sk'].map((AttributeName) => ({
          AttributeName,
          AttributeType: 'S' as const,
        })),
        globalSecondaryIndexes: [],
      },
    ],
    principals: principals.list(),
  });
  const worker = principals.list()[0];
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_DYNAMODB: database.endpoint,
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: worker?.accessKeyId,
    AWS_SECRET_ACCESS_KEY: worker?.secretAccessKey,
    AWS_SESSION_TOKEN: worker?.sessionToken,
  });
  return { table: createTable('chat'), database, close: () => database.close() };
}
