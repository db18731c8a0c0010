import { describe, expect, it } from 'vitest';
import { renderFilter } from '../../../../local/appsync/js/dynamodb-expression.ts';
import { evaluate } from './handlers.ts';

describe('renderFilter', () => {
  it.each<[unknown, string]>([
    [{ v: { eq: 'x' } }, '(#v = :v_eq)'],
    [{ v: { ne: 'x' } }, '(#v <> :v_ne)'],
    [{ v: { lt: 1 } }, '(#v < :v_lt)'],
    [{ v: { le: 1 } }, '(#v <= :v_le)'],
    [{ v: { gt: 1 } }, '(#v > :v_gt)'],
    [{ v: { ge: 1 } }, '(#v >= :v_ge)'],
    [{ v: { contains: 'x' } }, '(contains(#v,:v_contains))'],
    [{ v: { notContains: 'x' } }, '(NOT contains(#v,:v_notContains))'],
    [{ v: { beginsWith: 'x' } }, '(begins_with(#v,:v_beginsWith))'],
    [{ v: { between: [1, 9, 3] } }, '(#v BETWEEN :v_between_start AND :v_between_end)'],
    [{ v: { in: ['a', 'b'] } }, '(#v IN (:v_in_0, :v_in_1))'],
    [{ v: { in: [] } }, '(null)'],
    [{ v: { attributeExists: true } }, '(attribute_exists(#v))'],
    [{ v: { attributeExists: false } }, '(attribute_not_exists(#v))'],
    [{ v: { attributeType: 'stringSet' } }, '(attribute_type(#v,:v_attributeType))'],
    [{ v: { size: { gt: 2 } } }, '(size(#v) > :v_size_gt)'],
    [{ v: { size: { gt: 2, lt: 5 } } }, '((size(#v) > :v_size_gt) AND (size(#v) < :v_size_lt))'],
    [{ v: { size: { size: { gt: 1 } } } }, '(size(#v) > :v_size_size_gt)'],
    [{ v: { size: { attributeExists: true } } }, '(attribute_exists(size(#v)))'],
    [{ a: { eq: 1 }, b: { eq: 2 } }, '(#a = :a_eq) AND (#b = :b_eq)'],
    [{ v: { ge: 1, le: 5 } }, '((#v >= :v_ge) AND (#v <= :v_le))'],
    [{ and: [{ a: { eq: 1 } }] }, '(#a = :and_0_a_eq)'],
    [{ and: [{ a: { eq: 1 } }, { b: { eq: 2 } }] }, '((#a = :and_0_a_eq) AND (#b = :and_1_b_eq))'],
    [{ or: [{ a: { eq: 1 } }, { b: { eq: 2 } }] }, '((#a = :or_0_a_eq) OR (#b = :or_1_b_eq))'],
    [{ not: { a: { eq: 1 } } }, '(NOT (#a = :not_a_eq))'],
    [{ not: { not: { a: { eq: 1 } } } }, '(NOT (NOT (#a = :not_not_a_eq)))'],
    [
      { not: { and: [{ a: { eq: 1 } }, { b: { eq: 2 } }] } },
      '(NOT ((#a = :not_and_0_a_eq) AND (#b = :not_and_1_b_eq)))',
    ],
    [
      { or: [{ and: [{ a: { eq: 1 } }, { b: { eq: 2 } }] }, { c: { eq: 3 } }] },
      '(((#a = :or_0_and_0_a_eq) AND (#b = :or_0_and_1_b_eq)) OR (#c = :or_1_c_eq))',
    ],
    [{ a: { eq: 1 }, and: [{ b: { eq: 2 } }] }, '(#a = :a_eq) AND (#b = :and_0_b_eq)'],
    [{ 'a.b': { eq: 1 } }, '(#a.b = :a.b_eq)'],
    [{}, ''],
    [{ and: [] }, ''],
    [{ v: {} }, ''],
    [{ not: {} }, '(NOT )'],
    [{ a: { eq: 1 }, b: {} }, '(#a = :a_eq) AND '],
    [{ and: [{ a: { eq: 1 } }, {}] }, '((#a = :and_0_a_eq) AND )'],
  ])('renders %j', (filter, expression) => {
    expect(renderFilter(filter)?.expression).toBe(expression);
  });

  it.each([
    [undefined],
    [null],
    [[]],
    ['x'],
    [{ v: { foo: 1 } }],
    [{ v: 'x' }],
    [{ a: { b: { eq: 1 } } }],
    [{ and: { a: { eq: 1 } } }],
    [{ and: null }],
    [{ and: [{ a: { eq: 1 } }, null] }],
    [{ not: [{ a: { eq: 1 } }] }],
    [{ v: { between: [1] } }],
    [{ v: { between: 'x' } }],
    [{ v: { in: 'x' } }],
    [{ v: { attributeExists: 'yes' } }],
    [{ v: { attributeType: 'S' } }],
    [{ v: { size: 3 } }],
  ])('gives null for %j', (filter) => {
    expect(renderFilter(filter)).toBeNull();
  });

  it('names attributes and values', () => {
    expect(
      renderFilter({ v: { between: [1, '9'], eq: null }, t: { attributeType: '_null' }, w: {} }),
    ).toMatchObject({
      expressionNames: { '#v': 'v', '#t': 't', '#w': 'w' },
      expressionValues: {
        ':v_between_start': { N: 1 },
        ':v_between_end': { S: '9' },
        ':v_eq': { NULL: null },
        ':t_attributeType': { S: 'NULL' },
      },
    });
  });
});

describe('util.transform', () => {
  it.each(['toDynamoDBFilterExpression', 'toDynamoDBConditionExpression'])('%s gives JSON text', (name) => {
    expect(evaluate(`util.transform.${name}({ id: { attributeExists: false } })`)).toBe(
      '{"expression":"(attribute_not_exists(#id))","expressionNames":{"#id":"id"},"expressionValues":{}}',
    );
    expect(evaluate(`util.transform.${name}('x')`)).toBeNull();
  });
});
