import { isDeepStrictEqual } from 'node:util';
import type { Range, RangeOptions, Table } from '../../functions/table/table.ts';
import type { Key } from '../../protocol/keys.ts';
import type { ConditionalUpdate, Expression } from '../../protocol/writes.ts';

type Item = Key & Record<string, unknown>;

/** One call of a table, as it was made. */
export interface TableCall {
  readonly operation: 'get' | 'cheapGet' | 'put' | 'update' | 'remove' | 'range' | 'removeBatch';
  readonly sk: string;
}

/** What becomes of a call: `lost` happens but its answer does not arrive, `failed` does not happen. */
export type Fate = 'fine' | 'lost' | 'failed' | Error;

/** An answer that did not arrive: nothing says whether the write happened. */
export class LostAnswer extends Error {
  override readonly name = 'TimeoutError';
}

/** An error DynamoDB itself gives: the write did not happen. */
export function definiteError(name = 'AccessDeniedException'): Error {
  return Object.assign(new Error('refused by DynamoDB'), { name, $metadata: { httpStatusCode: 400 } });
}

const idOf = (key: Key) => `${key.pk}\n${key.sk}`;
const copy = <T>(value: T): T => structuredClone(value);

function operand(text: string, item: Item | undefined, expression: Expression): unknown {
  if (text.startsWith(':')) return expression.values[text];
  return item?.[expression.names[text] ?? text];
}

/** Top-level split at ` AND ` or ` OR `, respecting parentheses. */
function split(text: string, word: string): string[] {
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

/** Evaluates the condition expressions this service uses; throws for any other. */
export function conditionHolds(
  item: Item | undefined,
  expression: Expression,
  text = expression.expression,
): boolean {
  const trimmed = text.trim();
  const any = split(trimmed, 'OR');
  if (any.length > 1) return any.some((part) => conditionHolds(item, expression, part));
  const all = split(trimmed, 'AND');
  if (all.length > 1) return all.every((part) => conditionHolds(item, expression, part));
  if (trimmed.startsWith('(')) return conditionHolds(item, expression, trimmed.slice(1, -1));
  const absent = /^attribute_not_exists\((\S+)\)$/.exec(trimmed);
  if (absent) return operand(absent[1] ?? '', item, expression) === undefined;
  const compared = /^(\S+) (=|<=|<) (\S+)$/.exec(trimmed);
  if (!compared) throw new Error(`The memory table cannot evaluate "${trimmed}"`);
  const [left, right] = [compared[1] ?? '', compared[3] ?? ''].map((name) => operand(name, item, expression));
  if (compared[2] === '=') return left !== undefined && isDeepStrictEqual(left, right);
  if (typeof left !== typeof right || left === undefined) return false;
  const [a, b] = [left as string, right as string];
  return compared[2] === '<' ? a < b : a <= b;
}

function applied(item: Item, update: Expression): Item {
  const next: Item = copy(item);
  const clauses = /^(?:SET (.*?))?\s*(?:REMOVE (.*))?$/.exec(update.expression);
  for (const part of (clauses?.[1] ?? '').split(/, (?=#)/).filter((text) => text !== '')) {
    const [target = '', value = ''] = part.split(' = ');
    const name = update.names[target] ?? target;
    const once = /^if_not_exists\((\S+), (\S+)\)$/.exec(value);
    const source = once
      ? (operand(once[1] ?? '', item, update) ?? update.values[once[2] ?? ''])
      : update.values[value];
    if (source === undefined) throw new Error(`The memory table cannot set "${part}"`);
    next[name] = copy(source);
  }
  for (const name of (clauses?.[2] ?? '').split(', ').filter((text) => text !== ''))
    delete next[update.names[name] ?? name];
  return next;
}

/**
 * The table in memory with DynamoDB's conditions, for tests that need faults or order. `fate` decides what becomes of each
 * call, `before` may hold a call back; `versions` keeps every version of every item.
 */
export class MemoryTable implements Table {
  readonly items = new Map<string, Item>();
  readonly calls: TableCall[] = [];
  readonly versions: { readonly id: string; readonly item: Item | undefined }[] = [];
  fate: (call: TableCall) => Fate = () => 'fine';
  before: (call: TableCall) => Promise<void> = () => Promise.resolve();

  /** Everything stored, in key order. */
  all<T>(prefix = ''): T[] {
    return [...this.items.values()]
      .filter((item) => item.sk.startsWith(prefix))
      .sort((a, b) => (a.sk < b.sk ? -1 : 1))
      .map((item) => copy(item) as T);
  }

  /** Stores without conditions, faults or record of a call. */
  seed(...items: Key[]): void {
    for (const item of items) this.#write(item, copy(item) as Item);
  }

  #write(key: Key, item: Item | undefined): void {
    if (item) this.items.set(idOf(key), item);
    else this.items.delete(idOf(key));
    this.versions.push({ id: idOf(key), item: copy(item) });
  }

  async #call<T>(operation: TableCall['operation'], sk: string, run: () => T): Promise<T> {
    const call = { operation, sk };
    await this.before(call);
    this.calls.push(call);
    const fate = this.fate(call);
    if (fate instanceof Error) throw fate;
    if (fate === 'failed') throw new LostAnswer('not sent');
    const result = run();
    if (fate === 'lost') throw new LostAnswer('the answer did not arrive');
    return result;
  }

  get<T>(
    key: Key,
    options: { cheap?: boolean; attributes?: readonly string[] } = {},
  ): Promise<T | undefined> {
    return this.#call(options.cheap ? 'cheapGet' : 'get', key.sk, () => {
      const item = this.items.get(idOf(key));
      if (!item) return undefined;
      const kept = options.attributes;
      const entries = Object.entries(item).filter(([name]) => !kept || kept.includes(name));
      return copy(Object.fromEntries(entries)) as T;
    });
  }

  put(item: Key, condition?: Expression): Promise<'stored' | 'refused'> {
    return this.#call('put', item.sk, () => {
      const plain = JSON.parse(JSON.stringify(item)) as Item;
      if (condition && !conditionHolds(this.items.get(idOf(item)), condition)) return 'refused';
      this.#write(item, plain);
      return 'stored';
    });
  }

  update<T>(write: ConditionalUpdate): Promise<T | 'refused'> {
    return this.#call('update', write.key.sk, () => {
      const stored = this.items.get(idOf(write.key));
      if (!conditionHolds(stored, write.condition)) return 'refused';
      const next = applied(stored ?? { ...write.key }, write.update);
      this.#write(write.key, next);
      return copy(next) as T;
    });
  }

  remove(key: Key, condition?: Expression): Promise<'removed' | 'refused'> {
    return this.#call('remove', key.sk, () => {
      if (condition && !conditionHolds(this.items.get(idOf(key)), condition)) return 'refused';
      this.#write(key, undefined);
      return 'removed';
    });
  }

  async *range<T>(range: Range, options: RangeOptions = {}): AsyncGenerator<T, void, undefined> {
    const found = await this.#call('range', range.from, () => {
      const inside = [...this.items.values()]
        .filter((item) => item.pk === range.pk && item.sk >= range.from && item.sk <= range.to)
        .sort((a, b) => (a.sk < b.sk ? -1 : 1));
      if (options.backwards) inside.reverse();
      return inside.slice(0, options.limit).map((item) => copy(item));
    });
    for (const item of found) yield item as T;
  }

  removeBatch(keys: readonly Key[]): Promise<Key[]> {
    return this.#call('removeBatch', keys[0]?.sk ?? '', () => {
      for (const key of keys) this.#write(key, undefined);
      return [];
    });
  }
}
