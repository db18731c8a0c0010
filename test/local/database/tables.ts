import type { DatabaseOptions, TableSpec } from '../../../local/database/index.ts';

/** Where the tables of the tests are said to be. */
export const REGION = 'eu-west-1';
export const ACCOUNT_ID = '111122223333';

export const tableArn = (name = 'chat') => `arn:aws:dynamodb:${REGION}:${ACCOUNT_ID}:table/${name}`;
export const roleArn = (name: string) => `arn:aws:iam::${ACCOUNT_ID}:role/${name}`;

/** A table with a partition key, a sort key where two are named, all strings, and no index. */
export function tableOf(name: string, keys: readonly string[] = ['pk', 'sk']): TableSpec {
  return {
    name,
    arn: tableArn(name),
    keySchema: keys.map((AttributeName, index) => ({
      AttributeName,
      KeyType: index === 0 ? ('HASH' as const) : ('RANGE' as const),
    })),
    attributeDefinitions: keys.map((AttributeName) => ({ AttributeName, AttributeType: 'S' as const })),
    globalSecondaryIndexes: [],
  };
}

/** A database with these tables that keeps nothing. */
export function databaseOf(
  tables: readonly TableSpec[],
  principals: DatabaseOptions['principals'],
): DatabaseOptions {
  return { host: '127.0.0.1', region: REGION, accountId: ACCOUNT_ID, tables, principals };
}
