import type { PageQuery, Range, RangeOptions, Table } from '../../functions/table/table.ts';
import type { Key } from '../../protocol/keys.ts';
import type { ConditionalUpdate, Expression } from '../../protocol/writes.ts';
import { changed, holds, type Item } from './expressions.ts';

/** One call of a table, as it was made. */
export interface TableCall {
  readonly operation: 'get' | 'cheapGet' | 'put' | 'update' | 'remove' | 'range' | 'page' | 'removeBatch';
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
      if (condition && !holds(this.items.get(idOf(item)), condition)) return 'refused';
      this.#write(item, plain);
      return 'stored';
    });
  }

  update<T>(write: ConditionalUpdate): Promise<T | 'refused'> {
    return this.#call('update', write.key.sk, () => {
      const stored = this.items.get(idOf(write.key));
      if (!holds(stored, write.condition)) return 'refused';
      const next = copy(changed(stored ?? { ...write.key }, write.update));
      this.#write(write.key, next);
      return copy(next) as T;
    });
  }

  remove(key: Key, condition?: Expression): Promise<'removed' | 'refused'> {
    return this.#call('remove', key.sk, () => {
      if (condition && !holds(this.items.get(idOf(key)), condition)) return 'refused';
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

  page<T>({ partition, sort, limit, after }: PageQuery): Promise<{ items: T[]; hasMore: boolean }> {
    return this.#call('page', sort?.[1] ?? '', () => {
      const [name, value] = partition;
      const order = sort?.[0] ?? 'listSort';
      const place = (item: Readonly<Record<string, unknown>>) => String(item[order]);
      const following = [...this.items.values()]
        .filter((item) => item[name] === value && place(item).startsWith(sort?.[1] ?? ''))
        .filter((item) => !after || place(item) < place(after))
        .sort((a, b) => (place(a) < place(b) ? 1 : -1));
      const items = following.slice(0, limit).map((item) => copy(item) as T);
      return { items, hasMore: items.length === limit };
    });
  }

  removeBatch(keys: readonly Key[]): Promise<Key[]> {
    return this.#call('removeBatch', keys[0]?.sk ?? '', () => {
      for (const key of keys) this.#write(key, undefined);
      return [];
    });
  }
}
