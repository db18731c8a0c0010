/** DynamoDB's condition and update expressions, as far as this service uses them, over plain items. */
import { isDeepStrictEqual } from 'node:util';
import type { Key } from '../../protocol/keys.ts';
import type { Expression } from '../../protocol/writes.ts';

/** An item as stored; never changed in place. */
export type Item = Key & Readonly<Record<string, unknown>>;
type Condition = (item: Item | undefined, expression: Expression) => boolean;
type Change = (item: Item, expression: Expression) => Item;

const conditions = new Map<string, Condition>();
const changes = new Map<string, Change>();

function splitTop(text: string, word: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let from = 0;
  for (let index = 0; index < text.length; index += 1) {
    if (text[index] === '(') depth += 1;
    if (text[index] === ')') depth -= 1;
    if (depth === 0 && text.startsWith(` ${word} `, index)) {
      parts.push(text.slice(from, index));
      from = index + word.length + 2;
    }
  }
  return [...parts, text.slice(from)];
}

function operand(text: string): (item: Item | undefined, expression: Expression) => unknown {
  if (text.startsWith(':')) return (_item, { values }) => values[text];
  return (item, { names }) => item?.[names[text] ?? text];
}

function compiled(text: string): Condition {
  const any = splitTop(text.trim(), 'OR');
  if (any.length > 1) {
    const parts = any.map(compiled);
    return (item, expression) => parts.some((part) => part(item, expression));
  }
  const all = splitTop(text.trim(), 'AND');
  if (all.length > 1) {
    const parts = all.map(compiled);
    return (item, expression) => parts.every((part) => part(item, expression));
  }
  const trimmed = text.trim();
  if (trimmed.startsWith('(')) return compiled(trimmed.slice(1, -1));
  const existence = /^attribute_(not_)?exists\((\S+)\)$/.exec(trimmed);
  if (existence) {
    const value = operand(existence[2] ?? '');
    const isAbsence = existence[1] !== undefined;
    return (item, expression) => (value(item, expression) === undefined) === isAbsence;
  }
  const compared = /^(\S+) (=|<=|<) (\S+)$/.exec(trimmed);
  if (!compared) throw new Error(`The tests cannot evaluate "${trimmed}"`);
  const [left, right] = [operand(compared[1] ?? ''), operand(compared[3] ?? '')];
  if (compared[2] === '=') {
    return (item, expression) => {
      const value = left(item, expression);
      const wanted = right(item, expression);
      return value !== undefined && (value === wanted || isDeepStrictEqual(value, wanted));
    };
  }
  const isStrict = compared[2] === '<';
  return (item, expression) => {
    const [a, b] = [left(item, expression) as string, right(item, expression) as string];
    if (a === undefined || typeof a !== typeof b) return false;
    return isStrict ? a < b : a <= b;
  };
}

function compiledChange(text: string): Change {
  const clauses = /^(?:SET (.*?))?\s*(?:REMOVE (.*))?$/.exec(text);
  const set = (clauses?.[1] ?? '').split(/, (?=#)/).filter((part) => part !== '');
  const removed = (clauses?.[2] ?? '').split(', ').filter((part) => part !== '');
  const assignments = set.map((part) => {
    const [target = '', value = ''] = part.split(' = ');
    const once = /^if_not_exists\((\S+), (\S+)\)$/.exec(value);
    const read = operand(once?.[2] ?? value);
    const known = once ? operand(once[1] ?? '') : () => undefined;
    return { target, read: (item: Item, e: Expression) => known(item, e) ?? read(item, e) };
  });
  return (item, expression) => {
    const next: Record<string, unknown> = { ...item };
    for (const { target, read } of assignments) {
      const value = read(item, expression);
      if (value === undefined) throw new Error(`DynamoDB refuses a value that is not there: "${text}"`);
      next[expression.names[target] ?? target] = value;
    }
    for (const name of removed) delete next[expression.names[name] ?? name];
    return next as Item;
  };
}

function cached<T>(cache: Map<string, T>, text: string, make: (text: string) => T): T {
  let made = cache.get(text);
  if (!made) {
    made = make(text);
    cache.set(text, made);
  }
  return made;
}

/** Whether DynamoDB's condition holds for an item; throws for expressions this service does not use. */
export function holds(item: Item | undefined, condition: Expression): boolean {
  return cached(conditions, condition.expression, compiled)(item, condition);
}

/** The item after DynamoDB's update expression. */
export function changed(item: Item, update: Expression): Item {
  return cached(changes, update.expression, compiledChange)(item, update);
}
