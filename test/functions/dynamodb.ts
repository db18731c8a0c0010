import { startDatabase, type Database, type TableSpec } from '../../local/database/index.ts';
import { createPrincipals } from '../../local/iam/index.ts';
import { createTable, type Table } from '../../functions/table/table.ts';
import { LISTING_INDEX } from '../../protocol/keys.ts';
import { databaseOf, REGION, roleArn, tableArn, tableOf } from '../local/database/tables.ts';

function withListing(table: TableSpec): TableSpec {
  const [owner, sort] = ['listOwner', 'listSort'];
  return {
    ...table,
    attributeDefinitions: [
      ...table.attributeDefinitions,
      { AttributeName: owner, AttributeType: 'S' },
      { AttributeName: sort, AttributeType: 'S' },
    ],
    globalSecondaryIndexes: [
      {
        IndexName: LISTING_INDEX,
        KeySchema: [
          { AttributeName: owner, KeyType: 'HASH' },
          { AttributeName: sort, KeyType: 'RANGE' },
        ],
        Projection: { ProjectionType: 'ALL' },
      },
    ],
  };
}

/** A real local database with the one table and its index, reached as a deployed function reaches it: by its environment. */
export async function startTable(): Promise<{ table: Table; database: Database; close(): Promise<void> }> {
  const arns = [tableArn(), `${tableArn()}/index/${LISTING_INDEX}`];
  const statements = [{ Effect: 'Allow' as const, Action: ['dynamodb:*'], Resource: arns }];
  const principals = createPrincipals(
    [{ name: 'worker', arn: roleArn('worker'), statements }],
    'functions-test',
  );
  const database = await startDatabase(databaseOf([withListing(tableOf('chat'))], principals.list()));
  const worker = principals.list()[0];
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_DYNAMODB: database.endpoint,
    AWS_REGION: REGION,
    AWS_ACCESS_KEY_ID: worker?.accessKeyId,
    AWS_SECRET_ACCESS_KEY: worker?.secretAccessKey,
    AWS_SESSION_TOKEN: worker?.sessionToken,
  });
  return { table: createTable('chat'), database, close: () => database.close() };
}
