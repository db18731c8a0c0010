import { describe, expect, it } from 'vitest';
import { isImplemented, partitionOf, resourcesOf, tableNamesOf } from '../../../local/database/operations.ts';

const arnOf = (name: string) => `arn:${name}`;
const hashKeyOf = (table: string) => (table === 'chat' ? 'pk' : undefined);

describe('resourcesOf', () => {
  it.each([
    ['PutItem', { TableName: 'chat' }, ['arn:chat']],
    [
      'GetItem',
      { TableName: 'arn:aws:dynamodb:eu-west-1:1:table/chat' },
      ['arn:aws:dynamodb:eu-west-1:1:table/chat'],
    ],
    ['Query', { TableName: 'chat' }, ['arn:chat']],
    ['Query', { TableName: 'chat', IndexName: 'listing' }, ['arn:chat/index/listing']],
    ['Scan', { TableName: 'chat', IndexName: 'listing' }, ['arn:chat/index/listing']],
    ['PutItem', { TableName: 'chat', IndexName: 'listing' }, ['arn:chat']],
    ['BatchGetItem', { RequestItems: { chat: {}, other: {} } }, ['arn:chat', 'arn:other']],
    [
      'BatchWriteItem',
      { RequestItems: { chat: [], other: [] }, TableName: 'third' },
      ['arn:chat', 'arn:other'],
    ],
    ['ListTables', {}, ['*']],
    ['PutItem', {}, ['*']],
    ['BatchGetItem', { RequestItems: {} }, ['*']],
    ['BatchGetItem', { RequestItems: 'chat' }, ['*']],
  ])('names what %s with %j is checked on', (operation, input, resources) => {
    expect(resourcesOf(operation, input, arnOf)).toEqual(resources);
  });
});

describe('tableNamesOf', () => {
  it('names each table of a batch', () => {
    expect(tableNamesOf('BatchGetItem', { RequestItems: { a: {}, b: {} } })).toEqual(['a', 'b']);
  });
});

describe('isImplemented', () => {
  it('knows what dynalite lacks', () => {
    expect(
      ['PutItem', 'TransactWriteItems', 'UpdateTimeToLive', 'ExecuteStatement'].map(isImplemented),
    ).toEqual([true, false, false, false]);
  });
});

describe('partitionOf', () => {
  const key = (pk: string) => ({ pk: { S: pk }, sk: { S: 'x' } });
  it.each<[string, Record<string, unknown>, string | undefined]>([
    ['PutItem', { TableName: 'chat', Item: key('a') }, 'a'],
    ['UpdateItem', { TableName: 'chat', Key: key('a') }, 'a'],
    ['GetItem', { TableName: 'chat', Key: { pk: { N: '7' } } }, '7'],
    ['GetItem', { TableName: 'unknown', Key: key('a') }, undefined],
    ['BatchGetItem', { RequestItems: { chat: { Keys: [key('a'), key('a')] } } }, 'a'],
    ['BatchGetItem', { RequestItems: { chat: { Keys: [key('a'), key('b')] } } }, undefined],
    [
      'BatchWriteItem',
      { RequestItems: { chat: [{ PutRequest: { Item: key('a') } }, { DeleteRequest: { Key: key('a') } }] } },
      'a',
    ],
    [
      'Query',
      {
        TableName: 'chat',
        KeyConditionExpression: 'pk = :p AND sk > :s',
        ExpressionAttributeValues: { ':p': { S: 'a' }, ':s': { S: 'b' } },
      },
      'a',
    ],
    [
      'Query',
      {
        TableName: 'chat',
        KeyConditionExpression: '#sk = :s AND #pk=:p',
        ExpressionAttributeNames: { '#pk': 'pk', '#sk': 'sk' },
        ExpressionAttributeValues: { ':p': { S: 'a' }, ':s': { S: 'b' } },
      },
      'a',
    ],
    [
      'Query',
      {
        TableName: 'chat',
        IndexName: 'i',
        KeyConditionExpression: 'pk = :p',
        ExpressionAttributeValues: { ':p': { S: 'a' } },
      },
      undefined,
    ],
    ['Scan', { TableName: 'chat' }, undefined],
    ['PutItem', { TableName: 'chat', Item: null }, undefined],
  ])('finds the partition of %s with %j', (operation, input, partition) => {
    expect(partitionOf(operation, input, hashKeyOf)).toBe(partition);
  });
});
