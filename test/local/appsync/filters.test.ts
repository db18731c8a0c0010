import { describe, expect, it } from 'vitest';
import { matchesArguments, matchesFilter, readSubscriptionFilter } from '../../../local/appsync/filters.ts';

const one = (fieldName: string, operator: string, value: unknown) => ({
  filterGroup: [{ filters: [{ fieldName, operator, value }] }],
});
const event = { id: 'c1', seq: 5, tags: ['a', 'b'], end: { reason: 'STOP' }, flag: true, gone: null };

describe('operators of enhanced filters', () => {
  it.each([
    ['id', 'eq', 'c1', true],
    ['id', 'eq', 'C1', false],
    ['flag', 'eq', true, true],
    ['id', 'ne', 'c2', true],
    ['id', 'ne', 'c1', false],
    ['seq', 'le', 5, true],
    ['seq', 'lt', 5, false],
    ['seq', 'ge', 5, true],
    ['seq', 'gt', 5, false],
    ['seq', 'gt', '1', false],
    ['id', 'gt', 'c0', true],
    ['tags', 'contains', 'a', true],
    ['id', 'contains', 'c', true],
    ['tags', 'contains', 'x', false],
    ['tags', 'notContains', 'x', true],
    ['tags', 'notContains', 'a', false],
    ['absent', 'notContains', 'a', false],
    ['id', 'beginsWith', 'c', true],
    ['id', 'beginsWith', '1', false],
    ['id', 'in', ['c0', 'c1'], true],
    ['id', 'in', [], false],
    ['id', 'notIn', ['c0'], true],
    ['id', 'notIn', ['c1'], false],
    ['seq', 'between', [5, 6], true],
    ['seq', 'between', [6, 7], false],
    ['tags', 'containsAny', ['x', 'b'], true],
    ['tags', 'containsAny', ['x'], false],
    ['end.reason', 'eq', 'STOP', true],
    ['end.other', 'eq', 'STOP', false],
    ['gone', 'eq', 'x', false],
  ])('%s %s %j is %s', (fieldName, operator, value, expected) => {
    expect(matchesFilter(readSubscriptionFilter(one(fieldName, operator, value)), event)).toBe(expected);
  });

  it('combine with AND inside and OR between filters', () => {
    const filter = readSubscriptionFilter({
      filterGroup: [
        {
          filters: [
            { fieldName: 'id', operator: 'eq', value: 'c1' },
            { fieldName: 'seq', operator: 'gt', value: 9 },
          ],
        },
        { filters: [{ fieldName: 'flag', operator: 'eq', value: true }] },
      ],
    });
    expect(matchesFilter(filter, event)).toBe(true);
    expect(matchesFilter(filter, { ...event, flag: false })).toBe(false);
    expect(matchesFilter(filter, { ...event, flag: false, seq: 10 })).toBe(true);
  });
});

describe('limits of enhanced filters', () => {
  const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
  const fields = (count: number) => ({
    filterGroup: [{ filters: numbers(count).map((n) => ({ fieldName: `f${n}`, operator: 'eq', value: n })) }],
  });
  const groups = (count: number) => ({
    filterGroup: numbers(count).map((n) => ({ filters: [{ fieldName: 'f', operator: 'eq', value: n }] })),
  });

  it.each([
    [one('f', 'in', numbers(6)), 'subscription exceeds maximum value limit 5 for operator `in`.'],
    [one('f', 'notIn', numbers(6)), 'subscription exceeds maximum value limit 5 for operator `notIn`.'],
    [
      one('f', 'containsAny', numbers(21)),
      'subscription exceeds maximum value limit 20 for operator `containsAny`.',
    ],
    [fields(6), 'Filters exceed maximum attributes limit 5.'],
    [groups(11), 'Filters combination exceed maximum limit 10.'],
    [one('f', 'eq', 'x'.repeat(257)), 'Filter values have at most 256 characters.'],
    [one('a.b.c.d.e.f', 'eq', 1), 'Filter fields nest at most 5 levels.'],
    [one('f', 'near', 1), "Unknown filter operator 'near'."],
    [one('f', 'between', [1]), "Operator 'between' takes two values."],
    [one('f', 'in', 'x'), "Operator 'in' takes a list."],
    [one('f', 'eq', ['x']), "Operator 'eq' takes one value."],
    [{}, 'The subscription filter must have a filterGroup.'],
  ])('refuse %j', (filter, message) => {
    expect(() => readSubscriptionFilter(filter)).toThrow(message);
  });

  it('count every value of in as an alternative', () => {
    const twice = (values: number[]) => ({
      filterGroup: [
        {
          filters: [
            { fieldName: 'a', operator: 'in', value: values },
            { fieldName: 'b', operator: 'in', value: [1, 2] },
          ],
        },
      ],
    });
    expect(() => readSubscriptionFilter(twice(numbers(5)))).not.toThrow();
    expect(() =>
      readSubscriptionFilter({ filterGroup: [...twice(numbers(5)).filterGroup, ...groups(1).filterGroup] }),
    ).toThrow('combination');
  });

  it('accept what lies exactly on them', () => {
    for (const filter of [
      fields(5),
      groups(10),
      one('f', 'in', numbers(5)),
      one('f', 'eq', 'x'.repeat(256)),
    ]) {
      expect(() => readSubscriptionFilter(filter)).not.toThrow();
    }
  });
});

describe('basic filtering', () => {
  it.each([
    [{}, true],
    [{ id: 'c1' }, true],
    [{ id: 'c2' }, false],
    [{ id: 'c1', seq: 5 }, true],
    [{ id: 'c1', seq: 6 }, false],
    [{ gone: null }, true],
    [{ id: null }, false],
    [{ absent: null }, true],
    [{ absent: 'x' }, false],
  ])('with %j is %s', (args, expected) => {
    expect(matchesArguments(args, event)).toBe(expected);
  });
});
