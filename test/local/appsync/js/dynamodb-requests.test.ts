import { describe, expect, it } from 'vitest';
import { evaluate, runBody } from './handlers.ts';

const KEY = { id: { S: 'test' } };

describe('@aws-appsync/utils/dynamodb', () => {
  it.each([
    ["get({ key: { id: 'test' } })", { operation: 'GetItem', key: KEY }],
    [
      "get({ key: { id: 'test' }, consistentRead: true, projection: ['a', 'b.a', 'b.c[1]'] })",
      {
        operation: 'GetItem',
        key: KEY,
        consistentRead: true,
        projection: {
          expression: '#expName_1, #expName_2.#expName_1, #expName_2.#expName_3[1]',
          expressionNames: { '#expName_1': 'a', '#expName_2': 'b', '#expName_3': 'c' },
        },
      },
    ],
    [
      "put({ key: { id: 'test' }, item: { value: 10, tags: ddb.toStringSet(['a']) } })",
      { operation: 'PutItem', key: KEY, attributeValues: { value: { N: 10 }, tags: { SS: ['a'] } } },
    ],
    [
      "put({ key: { id: 'test' }, item: {}, condition: { id: { attributeExists: false } }, _version: 1 })",
      {
        operation: 'PutItem',
        key: KEY,
        attributeValues: {},
        condition: { expression: '(attribute_not_exists(#id))', expressionNames: { '#id': 'id' } },
        _version: 1,
      },
    ],
    [
      "remove({ key: { id: 'test' }, condition: { owner: { eq: 'a' } } })",
      {
        operation: 'DeleteItem',
        key: KEY,
        condition: {
          expression: '(#owner = :owner_eq)',
          expressionNames: { '#owner': 'owner' },
          expressionValues: { ':owner_eq': { S: 'a' } },
        },
      },
    ],
    [
      "query({ query: { pk: { eq: 'a' }, sk: { beginsWith: 'b' } }, index: 'i', limit: 5, scanIndexForward: false, nextToken: null, filter: { n: { gt: 1 } } })",
      {
        operation: 'Query',
        query: {
          expression: '(#pk = :pk_eq) AND (begins_with(#sk,:sk_beginsWith))',
          expressionNames: { '#pk': 'pk', '#sk': 'sk' },
          expressionValues: { ':pk_eq': { S: 'a' }, ':sk_beginsWith': { S: 'b' } },
        },
        index: 'i',
        limit: 5,
        scanIndexForward: false,
        filter: {
          expression: '(#n > :n_gt)',
          expressionNames: { '#n': 'n' },
          expressionValues: { ':n_gt': { N: 1 } },
        },
      },
    ],
    ["scan({ limit: 10, nextToken: 'abc' })", { operation: 'Scan', limit: 10, nextToken: 'abc' }],
    ['scan()', { operation: 'Scan' }],
    ['sync({ limit: 10, lastSync: 1 })', { operation: 'Sync', limit: 10, lastSync: 1 }],
    [
      "batchGet({ tables: { t: { keys: [{ id: 'test' }], consistentRead: true } } })",
      { operation: 'BatchGetItem', tables: { t: { keys: [KEY], consistentRead: true } } },
    ],
    ["batchPut({ tables: { t: [{ id: 'test' }] } })", { operation: 'BatchPutItem', tables: { t: [KEY] } }],
    [
      "batchDelete({ tables: { t: [{ id: 'test' }] } })",
      { operation: 'BatchDeleteItem', tables: { t: [KEY] } },
    ],
    [
      "transactGet({ items: [{ table: 't', key: { id: 'test' } }] })",
      { operation: 'TransactGetItems', transactItems: [{ table: 't', key: KEY }] },
    ],
    ['toNumberSet([1])', { NS: [1] }],
    ["toBinarySet(['YQ=='])", { BS: ['YQ=='] }],
  ])('%s', (expression, request) => {
    expect(evaluate(`ddb.${expression}`)).toEqual(request);
  });

  it('writes the four kinds of transaction items', () => {
    const key = "table: 't', key: { id: 'test' }";

    expect(
      evaluate(
        `ddb.transactWrite({ items: [{ putItem: { ${key}, item: { a: 1 } } }, { updateItem: { ${key}, update: { a: 1 } } }, { deleteItem: { ${key} } }, { conditionCheck: { ${key}, condition: { id: { attributeExists: true } } } }] })`,
      ),
    ).toEqual({
      operation: 'TransactWriteItems',
      transactItems: [
        { table: 't', operation: 'PutItem', key: KEY, attributeValues: { a: { N: 1 } } },
        {
          table: 't',
          operation: 'UpdateItem',
          key: KEY,
          update: {
            expression: 'SET #expName_1 = :expValue_1',
            expressionNames: { '#expName_1': 'a' },
            expressionValues: { ':expValue_1': { N: 1 } },
          },
        },
        { table: 't', operation: 'DeleteItem', key: KEY },
        {
          table: 't',
          operation: 'ConditionCheck',
          key: KEY,
          condition: { expression: '(attribute_exists(#id))', expressionNames: { '#id': 'id' } },
        },
      ],
    });
  });

  it.each([
    ['get()', 'key expects an object'],
    ["put({ key: { id: 'a' } })", 'item expects an object'],
    ['batchGet({})', 'tables expects an object'],
    ['transactGet({})', 'transactGet expects a list'],
  ])('refuses %s', (expression, message) => {
    expect(runBody(`return ddb.${expression};`).error?.message).toMatch(message);
  });
});

describe('operations', () => {
  it.each([
    ['add(10)', { type: 'OPERATION_ADD', value: 10 }],
    ['append([1])', { type: 'OPERATION_APPEND', items: [1] }],
    ['prepend([1])', { type: 'OPERATION_PREPEND', items: [1] }],
    ['increment(10)', { type: 'OPERATION_INCREMENT', by: 10 }],
    ['decrement()', { type: 'OPERATION_DECREMENT' }],
    ['replace({ a: 1 })', { type: 'OPERATION_REPLACE', value: { a: 1 } }],
    ['remove()', { type: 'OPERATION_REMOVE' }],
    ["updateListItem('x', 1)", { type: 'OPERATION_UPDATE_LIST_ITEM', value: 'x', index: 1 }],
  ])('%s', (expression, marker) => {
    expect(evaluate(`ddb.operations.${expression}`)).toEqual(marker);
  });
});

describe('update', () => {
  it.each([
    ['age: o.add(10)', 'SET #expName_1 = :expValue_1', [{ N: 10 }]],
    ['age: 10', 'SET #expName_1 = :expValue_1', [{ N: 10 }]],
    ['age: null', 'SET #expName_1 = :expValue_1', [{ NULL: null }]],
    ['age: o.increment(2)', 'SET #expName_1 = #expName_1 + :expValue_1', [{ N: 2 }]],
    ['age: o.increment()', 'SET #expName_1 = #expName_1 + :expValue_1', [{ N: 1 }]],
    ['age: o.decrement()', 'SET #expName_1 = #expName_1 - :expValue_1', [{ N: 1 }]],
    ['age: o.append([1])', 'SET #expName_1 = list_append(#expName_1, :expValue_1)', [{ L: [{ N: 1 }] }]],
    ['age: o.prepend([1])', 'SET #expName_1 = list_append(:expValue_1, #expName_1)', [{ L: [{ N: 1 }] }]],
    ['age: o.replace({ a: 10 })', 'SET #expName_1 = :expValue_1', [{ M: { a: { N: 10 } } }]],
    ['age: {}', 'SET #expName_1 = :expValue_1', [{ M: {} }]],
    ["age: ddb.toStringSet(['a'])", 'SET #expName_1 = :expValue_1', [{ SS: ['a'] }]],
    ['age: o.remove()', 'REMOVE #expName_1', []],
    [
      "age: [o.updateListItem('a', 0), o.updateListItem('b', 2)]",
      'SET #expName_1[0] = :expValue_1, #expName_1[2] = :expValue_2',
      [{ S: 'a' }, { S: 'b' }],
    ],
  ])('{ %s }', (update, expression, values) => {
    const request = evaluate(
      `ddb.update({ key: { id: 'test' }, update: { ${update.replaceAll('o.', 'ddb.operations.')} } })`,
    );

    expect(request).toEqual({
      operation: 'UpdateItem',
      key: KEY,
      update: {
        expression,
        expressionNames: { '#expName_1': 'age' },
        expressionValues: Object.fromEntries(values.map((value, index) => [`:expValue_${index + 1}`, value])),
      },
    });
  });

  it('numbers names in the order they appear, SET before REMOVE, and updates nested members', () => {
    const request = evaluate(
      "ddb.update({ key: { id: 'test' }, update: { gone: ddb.operations.remove(), a: { b: 1, c: ddb.operations.remove() }, b: 2 }, condition: { id: { attributeExists: true } } })",
    );

    expect(request).toMatchObject({
      update: {
        expression:
          'SET #expName_1.#expName_2 = :expValue_1, #expName_2 = :expValue_2 REMOVE #expName_3, #expName_1.#expName_4',
        expressionNames: { '#expName_1': 'a', '#expName_2': 'b', '#expName_3': 'gone', '#expName_4': 'c' },
      },
      condition: { expression: '(attribute_exists(#id))' },
    });
  });

  it('refuses an unknown operation', () => {
    expect(
      runBody("return ddb.update({ key: {}, update: { a: { type: 'OPERATION_X' } } });").error?.message,
    ).toMatch('update has no operation OPERATION_X');
  });
});
