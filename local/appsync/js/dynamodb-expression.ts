import { isRecord } from './outcome.ts';
import { toAttributeValue } from './util-dynamodb.ts';
import type { AttributeValue } from './util-dynamodb.ts';

/** An expression with its placeholders: `#field` for names, `:path_operator` for values. */
export interface FilterExpression {
  expression: string;
  expressionNames: Record<string, string>;
  expressionValues: Record<string, AttributeValue>;
}

const COMPARISONS: Readonly<Record<string, string>> = {
  eq: '=',
  ne: '<>',
  lt: '<',
  le: '<=',
  gt: '>',
  ge: '>=',
};

const FUNCTIONS: Readonly<Record<string, string>> = {
  contains: 'contains',
  notContains: 'NOT contains',
  beginsWith: 'begins_with',
};

const TYPE_CODES: Readonly<Record<string, string>> = {
  _null: 'NULL',
  string: 'S',
  stringSet: 'SS',
  number: 'N',
  numberSet: 'NS',
  binary: 'B',
  binarySet: 'BS',
  boolean: 'BOOL',
  list: 'L',
  map: 'M',
};

/**
 * Renders a filter object the way AppSync does (spelling recorded from AWS, clauses in the order written). A filter that cannot be
 * rendered gives null, as there. Empty parts render as nothing and can leave a dangling `AND`, as there.
 */
export function renderFilter(filter: unknown): FilterExpression | null {
  const rendering: FilterExpression = { expression: '', expressionNames: {}, expressionValues: {} };
  const clauses = renderClauses(filter, '', rendering);
  if (clauses === null) return null;
  return { ...rendering, expression: clauses.join(' AND ') };
}

/** The clauses of one filter object, to be joined with AND; null when it cannot be rendered. */
function renderClauses(filter: unknown, path: string, into: FilterExpression): string[] | null {
  if (!isRecord(filter)) return null;
  return collect(Object.entries(filter), ([key, value]) => {
    if (key === 'and' || key === 'or') return renderGroup(key, value, path, into);
    if (key === 'not') {
      const inner = renderClauses(value, `${path}not_`, into);
      return inner && `(NOT ${wrapped(inner, ' AND ')})`;
    }
    if (!isRecord(value)) return null;
    const name = `#${key}`;
    into.expressionNames[name] = key;
    const clauses = renderOperators(value, name, `:${path}${key}_`, into);
    return clauses && wrapped(clauses, ' AND ');
  });
}

function renderGroup(
  key: 'and' | 'or',
  members: unknown,
  path: string,
  into: FilterExpression,
): string | null {
  if (!Array.isArray(members)) return null;
  const rendered = collect([...members.entries()], ([index, member]) => {
    const clauses = renderClauses(member, `${path}${key}_${index}_`, into);
    return clauses && wrapped(clauses, ' AND ');
  });
  return rendered && wrapped(rendered, key === 'and' ? ' AND ' : ' OR ');
}

function renderOperators(
  operators: Record<string, unknown>,
  operand: string,
  valuePath: string,
  into: FilterExpression,
): string[] | null {
  const bind = (suffix: string, value: unknown): string => {
    into.expressionValues[valuePath + suffix] = toAttributeValue(value);
    return valuePath + suffix;
  };
  return collect(Object.entries(operators), ([operator, value]) => {
    if (operator === 'size') {
      if (!isRecord(value)) return null;
      const sized = operand.startsWith('size(') ? operand : `size(${operand})`;
      const clauses = renderOperators(value, sized, `${valuePath}size_`, into);
      return clauses && wrapped(clauses, ' AND ');
    }
    const clause = renderOperator(operator, value, operand, bind);
    return clause && `(${clause})`;
  });
}

function renderOperator(
  operator: string,
  value: unknown,
  operand: string,
  bind: (suffix: string, value: unknown) => string,
): string | null {
  if (Object.hasOwn(COMPARISONS, operator)) {
    return `${operand} ${COMPARISONS[operator]} ${bind(operator, value)}`;
  }
  if (Object.hasOwn(FUNCTIONS, operator)) {
    return `${FUNCTIONS[operator]}(${operand},${bind(operator, value)})`;
  }
  switch (operator) {
    case 'between':
      if (!Array.isArray(value) || value.length < 2) return null;
      return `${operand} BETWEEN ${bind('between_start', value[0])} AND ${bind('between_end', value[1])}`;
    case 'in':
      if (!Array.isArray(value)) return null;
      if (value.length === 0) return 'null';
      return `${operand} IN (${value.map((item, index) => bind(`in_${index}`, item)).join(', ')})`;
    case 'attributeExists':
      if (typeof value !== 'boolean') return null;
      return `${value ? 'attribute_exists' : 'attribute_not_exists'}(${operand})`;
    case 'attributeType':
      if (typeof value !== 'string' || !Object.hasOwn(TYPE_CODES, value)) return null;
      return `attribute_type(${operand},${bind('attributeType', TYPE_CODES[value])})`;
    default:
      return null;
  }
}

/** Several parts in parentheses, one part as it is, none as nothing. */
function wrapped(parts: readonly string[], joiner: string): string {
  return parts.length > 1 ? `(${parts.join(joiner)})` : (parts[0] ?? '');
}

/** Maps all, or gives null when one of them gave null. */
function collect<T>(items: readonly T[], render: (item: T) => string | null): string[] | null {
  const rendered = items.map(render);
  return rendered.every((text) => text !== null) ? rendered : null;
}
