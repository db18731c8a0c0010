import { describe, expect, it } from 'vitest';
import { toSubscriptionFilter } from '../../../../local/appsync/js/subscription-filter.ts';
import { evaluate } from './handlers.ts';

/** Groups as `field operator value` texts. */
function groupsOf(filter: unknown, ignored?: unknown, rules?: unknown): string[][] | undefined {
  return toSubscriptionFilter(filter, ignored, rules)?.filterGroup.map(({ filters }) =>
    filters.map(({ fieldName, operator, value }) => `${fieldName} ${operator} ${JSON.stringify(value)}`),
  );
}

describe('toSubscriptionFilter', () => {
  it.each<[unknown, string[][]]>([
    [{ a: { eq: 1 } }, [['a eq 1']]],
    [{ a: { eq: 1 }, b: { eq: 2 } }, [['a eq 1', 'b eq 2']]],
    [{ and: [{ a: { eq: 1 } }, { b: { eq: 2 } }] }, [['a eq 1', 'b eq 2']]],
    [{ z: { eq: 0 }, and: [{ a: { eq: 1 } }] }, [['z eq 0', 'a eq 1']]],
    [{ 'loc.country': { eq: 'USA' } }, [['loc.country eq "USA"']]],
    [{ a: { eq: 1, ne: 2 } }, [['a eq 1'], ['a ne 2']]],
    [{ or: [{ a: { eq: 1 } }, { b: { eq: 2 } }] }, [['a eq 1'], ['b eq 2']]],
    [
      { and: [{ a: { eq: 1 } }, { or: [{ b: { eq: 2 } }, { c: { eq: 3 } }] }] },
      [
        ['a eq 1', 'b eq 2'],
        ['a eq 1', 'c eq 3'],
      ],
    ],
    [
      { p: { lte: 50, gte: 20 }, and: [{ t: { ne: 'B' } }], or: [{ u: { eq: 'A' } }, { v: { eq: false } }] },
      [
        ['p lte 50', 't ne "B"', 'u eq "A"'],
        ['p lte 50', 't ne "B"', 'v eq false'],
        ['p gte 20', 't ne "B"', 'u eq "A"'],
        ['p gte 20', 't ne "B"', 'v eq false'],
      ],
    ],
    [{ a: { in: [1, 2] }, b: { containsAny: ['x'] } }, [['a in [1,2]', 'b containsAny ["x"]']]],
    [{ a: { bogus: 1 } }, [['a bogus 1']]],
    [{ not: { a: { eq: 1 } } }, [['not a {"eq":1}']]],
    [{}, []],
    [{ a: {} }, []],
    [{ and: [] }, []],
  ])('turns %j into groups', (filter, groups) => {
    expect(groupsOf(filter)).toEqual(groups);
  });

  it('drops ignored fields at any depth', () => {
    expect(groupsOf({ a: { eq: 1 }, and: [{ b: { eq: 2 } }] }, ['b'])).toEqual([['a eq 1']]);
    expect(groupsOf({ a: { eq: 1 }, b: { eq: 2 } }, ['a'])).toEqual([['b eq 2']]);
  });

  it('adds every rule as an alternative', () => {
    const rules = { r1: { gte: 250 }, r2: { eq: 'p' } };

    expect(groupsOf({ a: { eq: 1 } }, [], rules)).toEqual([
      ['a eq 1', 'r1 gte 250'],
      ['a eq 1', 'r2 eq "p"'],
    ]);
    expect(groupsOf({}, [], { r1: { eq: 1 } })).toEqual([['r1 eq 1']]);
  });

  it.each([[null], [undefined], [[]], ['{"a":{"eq":1}}']])('gives null for %j', (filter) => {
    expect(toSubscriptionFilter(filter, undefined, undefined)).toBeNull();
  });

  it('is reachable as util.transform.toSubscriptionFilter', () => {
    expect(evaluate("util.transform.toSubscriptionFilter({ a: { eq: 'x' } })")).toEqual({
      filterGroup: [{ filters: [{ fieldName: 'a', operator: 'eq', value: 'x' }] }],
    });
  });
});
