import { isRecord } from './outcome.ts';

/** One comparison of an enhanced subscription filter. Operator and value are carried through unchecked, as on AWS. */
export interface SubscriptionFilterEntry {
  fieldName: string;
  operator: string;
  value: unknown;
}

/** Groups are alternatives, the filters of a group all have to hold. */
export interface SubscriptionFilter {
  filterGroup: { filters: SubscriptionFilterEntry[] }[];
}

type Alternatives = SubscriptionFilterEntry[][];

/**
 * `util.transform.toSubscriptionFilter`, with its oddities (recorded from AWS): two operators on one field are alternatives, not a
 * range; `not` is read as a field name; anything but an object gives null. Ignored fields are dropped at any depth; every rule is an
 * alternative that each group gets, so at least one of them has to hold.
 */
export function toSubscriptionFilter(
  filter: unknown,
  ignoredFields: unknown,
  rules: unknown,
): SubscriptionFilter | null {
  if (!isRecord(filter)) return null;
  const ignored = new Set<unknown>(Array.isArray(ignoredFields) ? ignoredFields : []);
  const required = isRecord(rules)
    ? Object.entries(rules).flatMap(([fieldName, operators]) => fieldAlternatives(fieldName, operators))
    : [];
  const groups = combine([objectAlternatives(filter, ignored), required]);
  return { filterGroup: groups.map((filters) => ({ filters })) };
}

function objectAlternatives(filter: Record<string, unknown>, ignored: ReadonlySet<unknown>): Alternatives {
  const memberAlternatives = (members: unknown): Alternatives[] =>
    (Array.isArray(members) ? members : [members])
      .filter(isRecord)
      .map((member) => objectAlternatives(member, ignored));
  return combine(
    Object.entries(filter).flatMap(([key, value]) => {
      if (key === 'and') return memberAlternatives(value);
      if (key === 'or') return [memberAlternatives(value).flat()];
      return ignored.has(key) ? [] : [fieldAlternatives(key, value)];
    }),
  );
}

function fieldAlternatives(fieldName: string, operators: unknown): Alternatives {
  if (!isRecord(operators)) return [];
  return Object.entries(operators).map(([operator, value]) => [{ fieldName, operator, value }]);
}

/** Every way to take one alternative of each part; parts without alternatives do not count. */
function combine(parts: readonly Alternatives[]): Alternatives {
  return parts.reduce<Alternatives>(
    (groups, alternatives) =>
      groups.length === 0 || alternatives.length === 0
        ? [...groups, ...alternatives]
        : groups.flatMap((group) => alternatives.map((alternative) => [...group, ...alternative])),
    [],
  );
}
