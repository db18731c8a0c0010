import { startDatabase, type Database } from '../../local/database/index.ts';
import { createPrincipals } from '../../local/iam/index.ts';
import { createTable, type Table } from '../../functions/table/table.ts';
import { databaseOf, REGION, roleArn, tableArn, tableOf } from '../local/database/tables.ts';

/** A real local database with the one table, reached as a deployed function reaches it: by its environment. */
export async function startTable(): Promise<{ table: Table; database: Database; close(): Promise<void> }> {
  const statements = [{ Effect: 'Allow' as const, Action: ['dynamodb:*'], Resource: [tableArn()] }];
  const principals = createPrincipals(
    [{ name: 'worker', arn: roleArn('worker'), statements }],
    'functions-test',
  );
  const database = await startDatabase(databaseOf([tableOf('chat')], principals.list()));
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
