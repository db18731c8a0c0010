import { shared } from './snapshot.ts';

/**
 * Holds the newest snapshot and tells listeners of every new one, in order. Changes that happen within one `update` are
 * told once, after it; nothing is told when nothing changed.
 */
export class Store<State extends object> {
  readonly #read: (previous: State) => State;
  readonly #listeners = new Set<(state: State) => void>();
  #state: State;
  #depth = 0;

  /** `read` makes a snapshot of what is known now; fields that are identical to the previous ones make no new snapshot. */
  constructor(initial: State, read: (previous: State) => State) {
    this.#state = initial;
    this.#read = read;
  }

  get state(): State {
    return this.#state;
  }

  /** Adds a listener, the same function twice if need be; the result removes it and may be called twice. */
  listen(listener: (state: State) => void): () => void {
    const own = (state: State) => listener(state);
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }

  /** Forgets all listeners. */
  clear(): void {
    this.#listeners.clear();
  }

  /** Runs a change, then tells what it changed. */
  update(change: () => void): void {
    this.#depth += 1;
    try {
      change();
    } finally {
      this.#depth -= 1;
    }
    if (this.#depth > 0) return;
    const next = shared(this.#state, this.#read(this.#state));
    if (next === this.#state) return;
    this.#state = next;
    for (const listener of [...this.#listeners]) listener(next);
  }
}
