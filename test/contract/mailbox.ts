/** What arrived so far, in order, and a way to wait for what has not. */
export class Mailbox<Item> {
  readonly items: Item[] = [];
  readonly #watchers = new Set<() => void>();

  put(item: Item): void {
    this.items.push(item);
    for (const watcher of [...this.#watchers]) watcher();
  }

  /** The first item that matches, arrived already or yet to come; rejects with what did arrive after `withinMs`. */
  async first(matches: (item: Item) => boolean, what: string, withinMs = 30_000): Promise<Item> {
    await this.when((items) => items.some(matches), what, withinMs);
    return this.items.find(matches) as Item;
  }

  /** Resolves once the items satisfy a condition; rejects with what did arrive after `withinMs`. */
  when(holds: (items: readonly Item[]) => boolean, what: string, withinMs = 30_000): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = () => {
        if (!holds(this.items)) return;
        finish();
        resolve();
      };
      const timer = setTimeout(() => {
        finish();
        const last = JSON.stringify(this.items.slice(-3));
        reject(
          new Error(`${what}: not within ${withinMs} ms; ${this.items.length} arrived, the last: ${last}`),
        );
      }, withinMs);
      const finish = () => {
        clearTimeout(timer);
        this.#watchers.delete(look);
      };
      this.#watchers.add(look);
      look();
    });
  }
}
