import { describe, expect, it } from 'vitest';
import {
  askForCapacity,
  createCapacityCounter,
  withoutCapacity,
} from '../../../local/database/consumed-capacity.ts';

describe('askForCapacity', () => {
  it.each(['{}', ' { } ', '{"TableName":"t"}', ' {\n"TableName": "t"}'])(
    'keeps %j the JSON it was',
    (body) => {
      expect(JSON.parse(askForCapacity(body))).toEqual({
        ...JSON.parse(body),
        ReturnConsumedCapacity: 'TOTAL',
      });
    },
  );
});

describe('withoutCapacity', () => {
  const capacity = { ConsumedCapacity: { CapacityUnits: 1.5, TableName: 't' } };
  it.each([
    [capacity, {}],
    [{ ...capacity, Item: { a: { S: 'x' } } }, { Item: { a: { S: 'x' } } }],
    [{ Count: 1, ...capacity }, { Count: 1 }],
    [
      { Count: 1, ...capacity, Items: [] },
      { Count: 1, Items: [] },
    ],
    [
      {
        Responses: {},
        ConsumedCapacity: [capacity.ConsumedCapacity, { CapacityUnits: 2, TableName: 'u' }],
        X: 1,
      },
      { Responses: {}, X: 1 },
    ],
  ])('takes it out of %j', (answer, shown) => {
    expect(JSON.parse(withoutCapacity(JSON.stringify(answer)))).toEqual(shown);
  });

  it.each([
    { Item: { ConsumedCapacity: { S: 'x' } } },
    { Item: { ConsumedCapacity: { M: { CapacityUnits: { N: '1' } } } } },
    { Item: { a: { S: ',"ConsumedCapacity":{"CapacityUnits":1,"TableName":"t"}' } } },
    { __type: 'x#ValidationException', message: '"ConsumedCapacity":{"CapacityUnits":1}' },
  ])('leaves %j alone', (answer) => {
    const body = JSON.stringify(answer);

    expect(withoutCapacity(body)).toBe(body);
  });
});

describe('createCapacityCounter', () => {
  const put = (partition?: string) => ({ operation: 'PutItem', tables: ['t'], partition });
  const consumed = (units: number) =>
    JSON.stringify({ ConsumedCapacity: { CapacityUnits: units, TableName: 't' } });

  it('adds up by table, partition and operation', () => {
    const counter = createCapacityCounter();

    counter.count(put('a'), 200, consumed(2));
    counter.count(put('a'), 200, consumed(1));
    counter.count(put('b'), 200, consumed(5));
    counter.count({ operation: 'Query', tables: ['t'], partition: 'a' }, 200, consumed(0.5));

    const none = { requests: 1, conditionFailures: 0, readUnits: 0, writeUnits: 0, table: 't' };
    expect(counter.snapshot()).toEqual([
      { ...none, partition: 'b', operation: 'PutItem', writeUnits: 5 },
      { ...none, partition: 'a', operation: 'PutItem', requests: 2, writeUnits: 3 },
      { ...none, partition: 'a', operation: 'Query', readUnits: 0.5 },
    ]);
  });

  it('counts a failed condition as one unit and other failures as nothing', () => {
    const counter = createCapacityCounter();

    counter.count(
      put('a'),
      400,
      '{"__type":"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException"}',
    );
    counter.count(put('a'), 400, '{"__type":"com.amazon.coral.validate#ValidationException"}');

    expect(counter.snapshot()).toMatchObject([{ requests: 1, conditionFailures: 1, writeUnits: 1 }]);
  });

  it('puts each table of a batch down to itself', () => {
    const counter = createCapacityCounter();
    const answer = {
      ConsumedCapacity: [
        { CapacityUnits: 1, TableName: 't' },
        { CapacityUnits: 4, TableName: 'u' },
      ],
    };

    counter.count(
      { operation: 'BatchGetItem', tables: ['t', 'u'], partition: undefined },
      200,
      JSON.stringify(answer),
    );

    expect(counter.snapshot()).toMatchObject([
      { table: 't', readUnits: 1 },
      { table: 'u', readUnits: 4 },
    ]);
  });

  it('adds the partitions idle longest up together instead of growing', () => {
    const counter = createCapacityCounter();

    for (let index = 0; index < 5_000; index += 1) {
      counter.count(put(`p${index}`), 200, consumed(1));
      counter.count(put('busy'), 200, consumed(1));
    }

    const entries = counter.snapshot();
    expect(entries.length).toBeLessThanOrEqual(2_001);
    expect(entries.reduce((sum, { writeUnits }) => sum + writeUnits, 0)).toBe(10_000);
    expect(entries.find(({ partition }) => partition === 'p4999')?.writeUnits).toBe(1);
    expect(entries.find(({ partition }) => partition === 'busy')?.writeUnits).toBe(5_000);
    expect(entries.find(({ partition }) => partition === undefined)?.writeUnits).toBe(3_001);
  });
});
