import { shared } from './snapshot.ts';

/**
 * Holds the newest snapshot and tells listeners of every new one, in order. Changes that happen within one `update` are
 * told once, after it; nothing is told when nothing changed. What a listener throws is reported as an uncaught error (as an
 * `EventTarget` does) and reaches neither the other listeners nor whoever made the change.
 */
export class Store<State extends object> {
  readonly #read: (previous: State) => State;
  #listeners = new Set<(state: State) => void>();
  #state: State;
  #depth = 0;
  /** Snapshots that are not told yet, each with whom to tell: a listener may change the store while it is told. */
  readonly #untold: { readonly state: State; readonly listeners: ReadonlySet<(state: State) => void> }[] = [];

  /** `read` makes a snapshot of what is known now; fields that are identical to the previous ones make no new snapshot. */
  constructor(initial: State, read: (previous: State) => State) {
    this.#state = initial;
    this.#read = read;
  }

  get state(): State {
    return this.#state;
  }

  /** Adds a listener, the same function twice if need be; the result removes it at once and may be called twice. */
  listen(listener: (state: State) => void): () => void {
    const own = (state: State) => listener(state);
    const listeners = this.#listeners.add(own);
    return () => void listeners.delete(own);
  }

  /** Forgets all listeners, once they were told what was changed before. */
  clear(): void {
    this.#listeners = new Set();
  }

  /** Runs a change, then tells what it changed; a change that a listener makes is told after the one it was told of. */
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
    this.#untold.push({ state: next, listeners: this.#listeners });
    if (this.#untold.length === 1) this.#tell();
  }

  #tell(): void {
    for (let told = this.#untold[0]; told; told = this.#untold[0]) {
      for (const listener of [...told.listeners]) {
        if (told.listeners.has(listener)) guarded(listener, told.state);
      }
      // Only now: while it is in the list, whoever changes something leaves the telling to this loop.
      this.#untold.shift();
    }
  }
}

function guarded<State>(listener: (state: State) => void, state: State): void {
  try {
    listener(state);
  } catch (thrown) {
    report(thrown);
  }
}

function report(thrown: unknown): void {
  // Browsers have reportError, Node has not.
  if (typeof reportError === 'function') reportError(thrown);
  else
    queueMicrotask(() => {
      throw thrown;
    });
}
