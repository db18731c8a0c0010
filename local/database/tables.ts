import { IncomingMessage, ServerResponse, type RequestListener } from 'node:http';
import { Socket } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import type { TableModel } from '../template/index.ts';

/** A table of the template, as far as the database sees it. */
export type TableSpec = Pick<
  TableModel,
  'name' | 'arn' | 'keySchema' | 'attributeDefinitions' | 'globalSecondaryIndexes'
>;

/** Sends one operation to the database outside the IAM check; the body is parsed, whatever the status. */
export type SendOperation = (operation: string, input: object) => Promise<{ status: number; body: unknown }>;

const MAX_STATUS_READS = 100;

/**
 * Creates the tables that are absent and resolves when each is ACTIVE. Tables that exist keep their items.
 *
 * Rejects when a kept table has other keys or indexes than the template: DynamoDB would replace it, which loses the items.
 */
export async function createMissingTables(tables: readonly TableSpec[], send: SendOperation): Promise<void> {
  for (const table of tables) {
    const existing = await send('DescribeTable', { TableName: table.name });
    if (existing.status === 200) {
      checkShape(table, existing.body);
      continue;
    }
    const created = await send('CreateTable', createTableInput(table));
    if (created.status !== 200)
      throw new Error(`Table ${table.name} cannot be created: ${JSON.stringify(created.body)}`);
  }
  for (const table of tables) await becomesActive(table.name, send);
}

function createTableInput(table: TableSpec): object {
  return {
    TableName: table.name,
    BillingMode: 'PAY_PER_REQUEST',
    KeySchema: table.keySchema,
    AttributeDefinitions: table.attributeDefinitions,
    GlobalSecondaryIndexes:
      table.globalSecondaryIndexes.length === 0
        ? undefined
        : table.globalSecondaryIndexes.map(({ IndexName, KeySchema, Projection }) => ({
            IndexName,
            KeySchema,
            Projection,
          })),
  };
}

async function becomesActive(name: string, send: SendOperation): Promise<void> {
  for (let read = 0; read < MAX_STATUS_READS; read += 1) {
    const { body } = await send('DescribeTable', { TableName: name });
    if ((body as { Table?: Description }).Table?.TableStatus === 'ACTIVE') return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error(`Table ${name} does not become ACTIVE; delete the data folder to start anew.`);
}

interface Description {
  TableStatus?: string;
  KeySchema?: unknown;
  GlobalSecondaryIndexes?: { IndexName?: string; KeySchema?: unknown; Projection?: unknown }[];
}

function checkShape(table: TableSpec, body: unknown): void {
  const { Table: existing = {} } = body as { Table?: Description };
  const shape = (keySchema: unknown, indexes: Description['GlobalSecondaryIndexes']): unknown => ({
    keySchema,
    indexes: new Map(
      (indexes ?? []).map(({ IndexName, KeySchema, Projection }) => [IndexName, { KeySchema, Projection }]),
    ),
  });
  const wanted = shape(table.keySchema, table.globalSecondaryIndexes);
  if (!isDeepStrictEqual(shape(existing.KeySchema, existing.GlobalSecondaryIndexes), wanted)) {
    throw new Error(
      `Table ${table.name} in the data folder has other keys or indexes than the template; delete the data folder to start anew.`,
    );
  }
}

/** Gives direct access to dynalite's listener, without a socket. */
export function sendTo(database: RequestListener): SendOperation {
  return (operation, input) =>
    new Promise((resolve) => {
      const req = new IncomingMessage(new Socket());
      req.method = 'POST';
      req.url = '/';
      req.headers = {
        'content-type': 'application/x-amz-json-1.0',
        'x-amz-target': `DynamoDB_20120810.${operation}`,
        'x-amz-date': '20000101T000000Z',
        authorization:
          'AWS4-HMAC-SHA256 Credential=tables/x/x/dynamodb/aws4_request, SignedHeaders=host, Signature=0',
      };
      const res = new ServerResponse(req);
      res.end = ((body: string) => {
        resolve({ status: res.statusCode, body: JSON.parse(body) as unknown });
        return res;
      }) as ServerResponse['end'];
      database(req, res);
      req.push(JSON.stringify(input));
      req.push(null);
    });
}
