import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, GetCommand, PutCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { onTestFinished } from 'vitest';
import type { LocalStackOptions } from '../../local/stack.ts';
import {
  assistantMessageItem,
  sendRequestItem,
  userMessageItem,
  type AssistantMessageItem,
  type MessageItem,
  type RequestItem,
  type SendInput,
} from '../../protocol/items.ts';
import { messageKey, partitionOf, type Key } from '../../protocol/keys.ts';
import type { LocalTarget } from './target.ts';

const PROBE_ARN = 'arn:aws:iam::000000000000:role/Probe';

/** Adds a role of the tests' own that may do anything to the table: no deployed grant is borrowed or widened. */
export const withProbe: Pick<LocalStackOptions, 'edit'> = {
  edit: (model) => ({
    ...model,
    roles: {
      ...model.roles,
      [PROBE_ARN]: {
        name: 'Probe',
        arn: PROBE_ARN,
        sessionName: 'Probe',
        statements: [{ Effect: 'Allow', Action: 'dynamodb:*', Resource: '*' }],
      },
    },
  }),
};

/** The table of a local stack, read and written behind the service's back. */
export interface StoredItems {
  get<Item>(key: Key): Promise<Item | undefined>;
  put(...items: Key[]): Promise<void>;
  /** Puts a stored item again with other attributes. */
  change<Item extends Key>(key: Key, values: Partial<Item>): Promise<void>;
  /** Everything a conversation holds, in key order. */
  partition(owner: string, conversationId: string): Promise<Key[]>;
}

/** Opens the table of a stack that was started with `withProbe`; closed with the test. */
export function storedItems(target: LocalTarget): StoredItems {
  const { principals, database, model } = target.stack;
  const probe = principals.byRole(PROBE_ARN);
  const TableName = model.tables[0]?.name;
  if (!probe || TableName === undefined) throw new Error('Start the stack with withProbe');
  const { accessKeyId, secretAccessKey, sessionToken } = probe;
  const client = DynamoDBDocumentClient.from(
    new DynamoDBClient({
      region: model.region,
      endpoint: database.endpoint,
      credentials: { accessKeyId, secretAccessKey, sessionToken },
    }),
  );
  onTestFinished(() => client.destroy());
  const get = async <Item>({ pk, sk }: Key) => {
    const answer = await client.send(new GetCommand({ TableName, Key: { pk, sk }, ConsistentRead: true }));
    return answer.Item as Item | undefined;
  };
  const put = async (...items: Key[]) => {
    for (const Item of items) await client.send(new PutCommand({ TableName, Item }));
  };
  return {
    get,
    put,
    async change<Item extends Key>(key: Key, values: Partial<Item>) {
      const item = await get<Item>(key);
      if (!item) throw new Error(`${key.sk} is not stored`);
      await put({ ...item, ...values });
    },
    async partition(owner, conversationId) {
      const items: Key[] = [];
      let ExclusiveStartKey: Record<string, unknown> | undefined;
      do {
        const answer = await client.send(
          new QueryCommand({
            TableName,
            ConsistentRead: true,
            KeyConditionExpression: 'pk = :pk',
            ExpressionAttributeValues: { ':pk': partitionOf(owner, conversationId) },
            ...(ExclusiveStartKey ? { ExclusiveStartKey } : {}),
          }),
        );
        items.push(...((answer.Items ?? []) as Key[]));
        ExclusiveStartKey = answer.LastEvaluatedKey;
      } while (ExclusiveStartKey);
      return items;
    },
  };
}

/** The key of a message's item. */
export function keyOf(owner: string, message: { conversationId: string; id: string }): Key {
  return messageKey(owner, message.conversationId, message.id);
}

/** The items a send writes besides the conversation, for putting some of them or all. */
export interface SendItems {
  request: RequestItem;
  user: MessageItem;
  assistant: AssistantMessageItem;
}

/** Builds a send as a request of `atMs` would have, which no worker was started for. */
export function sendItems(owner: string, input: SendInput, ulid: string, atMs: number): SendItems {
  const createdAt = new Date(atMs).toISOString();
  const request = sendRequestItem(owner, input, { ulid, parentId: input.parentId ?? null, createdAt });
  return {
    request,
    user: userMessageItem(owner, input, request),
    assistant: assistantMessageItem(owner, input, request, atMs),
  };
}
