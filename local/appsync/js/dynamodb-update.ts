import { isRecord, numberArgument } from './outcome.ts';
import type { Builtin } from './outcome.ts';
import { toAttributeValue } from './util-dynamodb.ts';
import type { AttributeValue } from './util-dynamodb.ts';

/** `operations.*`: markers that {@link renderUpdate} understands (shapes recorded from AWS; `remove` and `updateListItem` by analogy). */
export const UPDATE_OPERATIONS: Readonly<Record<string, Builtin>> = {
  add: (value) => ({ type: 'OPERATION_ADD', value }),
  remove: () => ({ type: 'OPERATION_REMOVE' }),
  replace: (value) => ({ type: 'OPERATION_REPLACE', value }),
  increment: (by) => ({ type: 'OPERATION_INCREMENT', by: by ?? undefined }),
  decrement: (by) => ({ type: 'OPERATION_DECREMENT', by: by ?? undefined }),
  append: (items) => ({ type: 'OPERATION_APPEND', items }),
  prepend: (items) => ({ type: 'OPERATION_PREPEND', items }),
  updateListItem: (value, index) => ({ type: 'OPERATION_UPDATE_LIST_ITEM', value, index }),
};

interface Clause {
  path: readonly string[];
  /** Absent for REMOVE. */
  set?: (name: string, bind: (value: unknown) => string) => string;
}

/**
 * Renders `update` as one `SET` and one `REMOVE` list, in that order; placeholders are numbered as they appear, one alias per
 * attribute name. A nested object updates its members (`#expName_1.#expName_2`), `operations.replace` the whole object.
 */
export function renderUpdate(update: Record<string, unknown>): {
  expression: string;
  expressionNames: Record<string, string>;
  expressionValues: Record<string, AttributeValue>;
} {
  const clauses = Object.entries(update).flatMap(([name, value]) => clausesOf([name], value));
  const expressionNames: Record<string, string> = {};
  const expressionValues: Record<string, AttributeValue> = {};
  const aliases = new Map<string, string>();
  const nameOf = (path: readonly string[]): string =>
    path
      .map((segment) => {
        const alias = aliases.get(segment) ?? `#expName_${aliases.size + 1}`;
        aliases.set(segment, alias);
        expressionNames[alias] = segment;
        return alias;
      })
      .join('.');
  const bind = (value: unknown): string => {
    const placeholder = `:expValue_${Object.keys(expressionValues).length + 1}`;
    expressionValues[placeholder] = isSetValue(value) ? value : toAttributeValue(value);
    return placeholder;
  };
  const sets = clauses.flatMap(({ path, set }) => (set ? [set(nameOf(path), bind)] : []));
  const removes = clauses.flatMap(({ path, set }) => (set ? [] : [nameOf(path)]));
  const lists = [
    ...(sets.length > 0 ? [`SET ${sets.join(', ')}`] : []),
    ...(removes.length > 0 ? [`REMOVE ${removes.join(', ')}`] : []),
  ];
  return { expression: lists.join(' '), expressionNames, expressionValues };
}

function clausesOf(path: readonly string[], value: unknown): Clause[] {
  if (Array.isArray(value) && value.length > 0 && value.every(isListItemOperation)) {
    return value.map((item) => operationClause(path, item));
  }
  if (isOperation(value)) return [operationClause(path, value)];
  if (isRecord(value) && !isSetValue(value) && Object.keys(value).length > 0) {
    return Object.entries(value).flatMap(([name, member]) => clausesOf([...path, name], member));
  }
  return [{ path, set: (name, bind) => `${name} = ${bind(value)}` }];
}

function operationClause(path: readonly string[], operation: Operation): Clause {
  const { value, items, by } = operation;
  switch (operation.type) {
    case 'OPERATION_ADD':
    case 'OPERATION_REPLACE':
      return { path, set: (name, bind) => `${name} = ${bind(value)}` };
    case 'OPERATION_INCREMENT':
      return { path, set: (name, bind) => `${name} = ${name} + ${bind(by ?? 1)}` };
    case 'OPERATION_DECREMENT':
      return { path, set: (name, bind) => `${name} = ${name} - ${bind(by ?? 1)}` };
    case 'OPERATION_APPEND':
      return { path, set: (name, bind) => `${name} = list_append(${name}, ${bind(items)})` };
    case 'OPERATION_PREPEND':
      return { path, set: (name, bind) => `${name} = list_append(${bind(items)}, ${name})` };
    case 'OPERATION_UPDATE_LIST_ITEM': {
      const index = numberArgument('operations.updateListItem', operation.index);
      return { path, set: (name, bind) => `${name}[${index}] = ${bind(value)}` };
    }
    case 'OPERATION_REMOVE':
      return { path };
    default:
      throw new TypeError(`update has no operation ${operation.type}`);
  }
}

type Operation = Record<string, unknown> & { type: string };

function isOperation(value: unknown): value is Operation {
  return isRecord(value) && typeof value.type === 'string' && value.type.startsWith('OPERATION_');
}

function isListItemOperation(value: unknown): value is Operation {
  return isOperation(value) && value.type === 'OPERATION_UPDATE_LIST_ITEM';
}

/** True for the result of `toStringSet`, `toNumberSet` and `toBinarySet`. */
export function isSetValue(value: unknown): value is Record<string, unknown> {
  if (!isRecord(value)) return false;
  const [type = '', ...others] = Object.keys(value);
  return others.length === 0 && ['SS', 'NS', 'BS'].includes(type) && Array.isArray(value[type]);
}
