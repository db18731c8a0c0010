import { RequestRefused } from './errors.ts';

/** Operators of an enhanced subscription filter (AppSync developer guide, page "extensions"). */
export type FilterOperator =
  | 'eq'
  | 'ne'
  | 'le'
  | 'lt'
  | 'ge'
  | 'gt'
  | 'contains'
  | 'notContains'
  | 'beginsWith'
  | 'in'
  | 'notIn'
  | 'between'
  | 'containsAny';

/** One condition: `fieldName` may be a path with dots. */
export interface FilterRule {
  fieldName: string;
  operator: FilterOperator;
  value: unknown;
}

/** Alternatives (OR) of conjunctions (AND). */
export interface SubscriptionFilter {
  filterGroup: readonly { filters: readonly FilterRule[] }[];
}

const MAX_FILTERS = 10;
const MAX_FIELDS = 5;
const MAX_IN_VALUES = 5;
const MAX_ANY_VALUES = 20;
const MAX_STRING = 256;
const MAX_NESTING = 5;

type Test = (actual: unknown, expected: unknown) => boolean;

function ordered(compare: (order: number) => boolean): Test {
  return (actual, expected) => {
    if (typeof actual === 'number' && typeof expected === 'number') return compare(actual - expected);
    if (typeof actual === 'string' && typeof expected === 'string') {
      return compare(actual < expected ? -1 : Number(actual > expected));
    }
    return false;
  };
}

const equal: Test = (actual, expected) => actual === expected;
const among: Test = (actual, expected) =>
  Array.isArray(expected) && expected.some((one) => equal(actual, one));
const holds: Test = (actual, expected) => {
  if (typeof actual === 'string') return typeof expected === 'string' && actual.includes(expected);
  return Array.isArray(actual) && actual.some((item) => equal(item, expected));
};
const atLeast = ordered((order) => order >= 0);
const atMost = ordered((order) => order <= 0);

const TESTS: Readonly<Record<FilterOperator, Test>> = {
  eq: equal,
  ne: (actual, expected) => !equal(actual, expected),
  le: atMost,
  lt: ordered((order) => order < 0),
  ge: atLeast,
  gt: ordered((order) => order > 0),
  contains: holds,
  notContains: (actual, expected) => actual !== null && actual !== undefined && !holds(actual, expected),
  beginsWith: (actual, expected) =>
    typeof actual === 'string' && typeof expected === 'string' && actual.startsWith(expected),
  in: among,
  notIn: (actual, expected) => !among(actual, expected),
  between: (actual, expected) =>
    Array.isArray(expected) && atLeast(actual, expected[0]) && atMost(actual, expected[1]),
  containsAny: (actual, expected) => Array.isArray(expected) && expected.some((one) => holds(actual, one)),
};

function refuse(message: string): RequestRefused {
  return new RequestRefused(400, 'BadRequestException', message);
}

/**
 * Checks what a resolver gave to `extensions.setSubscriptionFilter` against AppSync's limits: 10 filters after every `in`
 * value is counted as an alternative, 5 distinct fields in one filter, 5 values for `in`/`notIn`, 20 for `containsAny`,
 * strings of 256 characters, 5 levels of nesting, no top-level lists.
 * @throws RequestRefused 400 with AppSync's sentence.
 */
export function readSubscriptionFilter(value: unknown): SubscriptionFilter {
  const groups = (value as { filterGroup?: unknown } | null)?.filterGroup;
  if (!Array.isArray(groups)) throw refuse('The subscription filter must have a filterGroup.');
  let combinations = 0;
  const filterGroup = groups.map((group: unknown) => {
    const filters = (group as { filters?: unknown } | null)?.filters;
    if (!Array.isArray(filters)) throw refuse('Each entry of the filterGroup must have filters.');
    const rules = filters.map(readRule);
    if (new Set(rules.map((rule) => rule.fieldName)).size > MAX_FIELDS) {
      throw refuse(`Filters exceed maximum attributes limit ${MAX_FIELDS}.`);
    }
    combinations += rules
      .filter((rule) => rule.operator === 'in' && Array.isArray(rule.value))
      .reduce((product, rule) => product * (rule.value as unknown[]).length, 1);
    return { filters: rules };
  });
  if (combinations > MAX_FILTERS) throw refuse(`Filters combination exceed maximum limit ${MAX_FILTERS}.`);
  return { filterGroup };
}

function readRule(value: unknown): FilterRule {
  const { fieldName, operator, value: expected } = (value ?? {}) as Partial<FilterRule>;
  if (typeof fieldName !== 'string' || fieldName === '') throw refuse('A filter needs a fieldName.');
  if (typeof operator !== 'string' || !Object.hasOwn(TESTS, operator)) {
    throw refuse(`Unknown filter operator '${String(operator)}'.`);
  }
  if (fieldName.split('.').length > MAX_NESTING)
    throw refuse(`Filter fields nest at most ${MAX_NESTING} levels.`);
  const values: unknown[] = Array.isArray(expected) ? expected : [expected];
  const limit = { in: MAX_IN_VALUES, notIn: MAX_IN_VALUES, containsAny: MAX_ANY_VALUES, between: 2 }[
    operator as string
  ];
  if (limit !== undefined && !Array.isArray(expected)) throw refuse(`Operator '${operator}' takes a list.`);
  if (limit === undefined && Array.isArray(expected)) throw refuse(`Operator '${operator}' takes one value.`);
  if (operator === 'between' && values.length !== 2) throw refuse("Operator 'between' takes two values.");
  if (limit !== undefined && values.length > limit) {
    throw refuse(`subscription exceeds maximum value limit ${limit} for operator \`${operator}\`.`);
  }
  for (const one of values) {
    if (one !== null && typeof one === 'object')
      throw refuse('Filter values are strings, numbers or booleans.');
    if (typeof one === 'string' && one.length > MAX_STRING) {
      throw refuse(`Filter values have at most ${MAX_STRING} characters.`);
    }
  }
  return { fieldName, operator, value: expected };
}

/** True when one alternative holds on the value with all its conditions. Case-sensitive, an absent field is null. */
export function matchesFilter(filter: SubscriptionFilter, value: unknown): boolean {
  return filter.filterGroup.some((group) =>
    group.filters.every((rule) => TESTS[rule.operator](valueAt(value, rule.fieldName), rule.value)),
  );
}

/**
 * Basic filtering: every argument given equals the field of that name in the *mutation's response*. An explicit null (or a
 * declared variable left unset) demands null, an omitted argument constrains nothing. A field that the publisher did not
 * select is absent and equals nothing but null.
 */
export function matchesArguments(args: Readonly<Record<string, unknown>>, value: unknown): boolean {
  for (const name of Object.keys(args)) {
    const actual = valueAt(value, name) ?? null;
    if (!sameJson(actual, args[name] ?? null)) return false;
  }
  return true;
}

function sameJson(left: unknown, right: unknown): boolean {
  if (left === right) return true;
  return (
    typeof left === 'object' && typeof right === 'object' && JSON.stringify(left) === JSON.stringify(right)
  );
}

function valueAt(value: unknown, path: string): unknown {
  let current: unknown = value;
  for (const step of path.split('.')) {
    if (current === null || typeof current !== 'object') return null;
    current = (current as Record<string, unknown>)[step];
  }
  return current ?? null;
}
