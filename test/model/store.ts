import type { Operation, RangeRead } from '../../functions/rules/operations.ts';
import { changed, holds, type Item } from '../functions/expressions.ts';

/** A table operation of a rule. */
export type TableOperation = Extract<Operation, { kind: 'get' | 'put' | 'update' | 'remove' | 'range' }>;

/** The one table, synchronous; one partition. `written` is told of every change. */
export class Store {
  readonly items = new Map<string, Item>();
  readonly #written: (before: Item | undefined, after: Item | undefined) => void;

  constructor(written: (before: Item | undefined, after: Item | undefined) => void) {
    this.#written = written;
  }

  /** Does what DynamoDB would do and answers what the table port would. */
  apply(operation: TableOperation): unknown {
    switch (operation.kind) {
      case 'get':
        return this.items.get(operation.key.sk);
      case 'put': {
        const item = operation.item as Item;
        const before = this.items.get(item.sk);
        if (operation.condition && !holds(before, operation.condition)) return 'refused';
        this.#set(before, item);
        return 'stored';
      }
      case 'update': {
        const { key, update, condition } = operation.write;
        const before = this.items.get(key.sk);
        if (!holds(before, condition)) return 'refused';
        const after = changed(before ?? { pk: key.pk, sk: key.sk }, update);
        this.#set(before, after);
        return after;
      }
      case 'remove': {
        const before = this.items.get(operation.key.sk);
        this.items.delete(operation.key.sk);
        if (before) this.#written(before, undefined);
        return undefined;
      }
      case 'range':
        return this.range(operation.range);
    }
  }

  /** Items of a sort key range in order. */
  range({ from, to, backwards, limit }: Omit<RangeRead, 'pk'>): Item[] {
    const found: Item[] = [];
    for (const item of this.items.values()) if (item.sk >= from && item.sk <= to) found.push(item);
    found.sort((a, b) => (a.sk < b.sk ? -1 : 1));
    if (backwards) found.reverse();
    return limit === undefined ? found : found.slice(0, limit);
  }

  #set(before: Item | undefined, after: Item): void {
    this.items.set(after.sk, after);
    this.#written(before, after);
  }
}
