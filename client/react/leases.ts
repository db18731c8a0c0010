import type { Clock } from '../clock.ts';

/** How long a store stays open after its last holder left: a route change or a remount does not reconnect. */
export const GRACE_MS = 3_000;

/** What can be shared by holders. */
export interface LeasedStore {
  /** Closed by somebody else: nothing more comes of it. */
  readonly isClosed: boolean;
  /** Whether closing now would lose something. @defaultValue false */
  readonly isBusy?: boolean;
  close(): void;
}

/** A store that is held open. */
export interface Lease<Store> {
  readonly store: Store;
  /** Gives it back; may be called twice. */
  readonly release: () => void;
}

interface Entry<Store> {
  readonly store: Store;
  holders: number;
  cancelClose: () => void;
}

/**
 * Stores shared by key: opened by the first holder, closed once the last one left, a grace has passed and the store is not
 * busy. Asking for one without holding it opens nothing, so a render that never commits leaves nothing behind.
 */
export class Leases<Store extends LeasedStore> {
  readonly #open: (key: string) => Store;
  readonly #clock: Clock;
  readonly #entries = new Map<string, Entry<Store>>();

  constructor(open: (key: string) => Store, clock: Clock) {
    this.#open = open;
    this.#clock = clock;
  }

  /** The store of a key while it is open. */
  peek(key: string): Store | undefined {
    return this.#entries.get(key)?.store;
  }

  /** Holds the store of a key; one that was closed by somebody else is opened anew for its next first holder. */
  hold(key: string): Lease<Store> {
    const entry = this.#entryOf(key);
    entry.cancelClose();
    entry.holders += 1;
    let isHeld = true;
    return {
      store: entry.store,
      release: () => {
        if (!isHeld) return;
        isHeld = false;
        entry.holders -= 1;
        if (entry.holders === 0) this.#closeLater(key, entry);
      },
    };
  }

  #entryOf(key: string): Entry<Store> {
    const known = this.#entries.get(key);
    if (known && (known.holders > 0 || !known.store.isClosed)) return known;
    known?.cancelClose();
    const entry = { store: this.#open(key), holders: 0, cancelClose: () => undefined };
    this.#entries.set(key, entry);
    return entry;
  }

  #closeLater(key: string, entry: Entry<Store>): void {
    entry.cancelClose = this.#clock.after(GRACE_MS, () => {
      if (entry.store.isBusy) return this.#closeLater(key, entry);
      this.#entries.delete(key);
      entry.store.close();
    });
  }
}
