import type { ChatError } from '../protocol/errors.ts';
import type {
  Conversation as ConversationItem,
  ConversationPage,
} from '../protocol/generated/schema-types.ts';
import { Pauses } from './backoff.ts';
import type { Clock } from './clock.ts';
import {
  NOTHING_LOADED,
  withChanged,
  withNewest,
  without,
  withOlder,
  type LoadedConversations,
} from './conversation-pages.ts';
import { sharedList } from './snapshot.ts';
import { Store } from './store.ts';

/** What happens close together (a send, its answer's end, a page that comes back) makes one listing. */
export const REFRESH_LINGER_MS = 300;

/** An immutable snapshot of the list: a new object only when something changed. */
export interface ConversationListState {
  /** Newest first, as far as they are loaded; an item keeps its identity until it changes. */
  readonly items: readonly ConversationItem[];
  /** Whether `loadMore` has older ones to load. */
  readonly hasMore: boolean;
  /** Whether a page is being read, or waited for because reading it failed. */
  readonly isLoading: boolean;
  /** Why the last thing asked for failed; kept until something succeeds. */
  readonly error: ChatError | undefined;
}

/** What every list begins with. */
export const UNLISTED: ConversationListState = {
  items: [],
  hasMore: false,
  isLoading: true,
  error: undefined,
};

/** What a list is made of. */
export interface ConversationListParts {
  readonly clock: Clock;
  readonly random: () => number;
  /** One page, newest first; rejects with a ChatError. */
  page(nextToken: string | undefined): Promise<ConversationPage>;
  /** Renames; the client tells its lists of it by `changed`. */
  rename(id: string, title: string): Promise<unknown>;
  /** Deletes; the client tells its lists of it by `deleted`. */
  remove(id: string): Promise<unknown>;
  /** Told once, when the list is closed. */
  onClosed(): void;
}

/**
 * The caller's conversations as a store, with the shape of `useSyncExternalStore`. It lists at the first `subscribe`, and
 * again after a send, at an answer's end and when the page comes back. No method rejects: failures are in `error`;
 * listings that may succeed later are repeated with backoff. The methods need no `this`.
 */
export class ConversationList {
  readonly #parts: ConversationListParts;
  readonly #pauses: Pauses;
  readonly #store: Store<ConversationListState>;
  readonly #deleted = new Set<string>();
  #loaded: LoadedConversations = NOTHING_LOADED;
  #error: ChatError | undefined;
  #running: Promise<void> | undefined;
  #isNewestWanted = false;
  #isOlderWanted = false;
  #isStarted = false;
  #isClosed = false;
  #cancelTouch: (() => void) | undefined;

  constructor(parts: ConversationListParts) {
    this.#parts = parts;
    this.#pauses = new Pauses(parts.clock, parts.random);
    this.#store = new Store<ConversationListState>(UNLISTED, (previous) => ({
      items: sharedList(previous.items, this.#loaded.items),
      hasMore: typeof this.#loaded.nextToken === 'string',
      isLoading: this.#running !== undefined,
      error: this.#error,
    }));
  }

  /** Whether `close` ended it. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** The newest snapshot; the same object until something changes. */
  readonly getSnapshot = (): ConversationListState => this.#store.state;

  /** Calls `listener` with every new snapshot from now on, in order. The result ends it and may be called twice. */
  readonly subscribe = (listener: (state: ConversationListState) => void): (() => void) => {
    const stop = this.#store.listen(listener);
    if (!this.#isStarted && !this.#isClosed) void this.refresh();
    return stop;
  };

  /** Lists the newest again, single flight; resolves when nothing is left to read, or it failed for good. */
  readonly refresh = (): Promise<void> => {
    this.#isNewestWanted = true;
    return this.#work();
  };

  /**
   * Loads one page of older conversations, single flight; does nothing when there are none. When the service takes its token no
   * more, the list begins anew with the first page.
   */
  readonly loadMore = (): Promise<void> => {
    if (this.#loaded.nextToken === undefined) this.#isNewestWanted = true;
    this.#isOlderWanted = true;
    return this.#work();
  };

  /** Sets a title, tried once. */
  readonly rename = (id: string, title: string): Promise<void> =>
    this.#try(() => this.#parts.rename(id, title));

  /** Deletes a conversation, tried once; one that is already gone counts as deleted. */
  readonly remove = (id: string): Promise<void> =>
    this.#try(async () => {
      try {
        await this.#parts.remove(id);
      } catch (thrown) {
        if ((thrown as ChatError).code !== 'NOT_FOUND') throw thrown;
        this.deleted(id);
      }
    });

  /** A conversation was changed by a mutation of this client. */
  readonly changed = (item: ConversationItem): void =>
    this.#store.update(() => {
      this.#loaded = withChanged(this.#loaded, item);
    });

  /** A conversation was deleted; its id is never used again, so it stays out whatever a late listing says. */
  readonly deleted = (id: string): void =>
    this.#store.update(() => {
      this.#deleted.add(id);
      this.#loaded = without(this.#loaded, this.#deleted);
    });

  /** The list may have changed: lists again, soon and once. */
  readonly touch = (): void => {
    if (!this.#isStarted || this.#isClosed) return;
    this.#cancelTouch ??= this.#parts.clock.after(REFRESH_LINGER_MS, () => {
      this.#cancelTouch = undefined;
      void this.refresh();
    });
  };

  /** The page came back: a failed listing is repeated at once, else the list is touched. */
  readonly wake = (): void => {
    this.#pauses.wake();
    this.touch();
  };

  /** Ends it; what is under way changes nothing any more. May be called twice. */
  readonly close = (): void => {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#cancelTouch?.();
    this.#pauses.close();
    this.#store.clear();
    this.#parts.onClosed();
  };

  #work(): Promise<void> {
    if (this.#isClosed) return Promise.resolve();
    this.#isStarted = true;
    if (!this.#running) {
      // Told together with what the run changes first, which is never in this very call.
      this.#running = this.#run().finally(() => {
        this.#store.update(() => {
          this.#running = undefined;
        });
        // Asked for after the run looked for the last time and before this.
        return this.#isNewestWanted || this.#isOlderWanted ? this.#work() : undefined;
      });
      this.#store.update(() => undefined);
    }
    return this.#running;
  }

  async #run(): Promise<void> {
    for (let failures = 0; !this.#isClosed && (this.#isNewestWanted || this.#isOlderWanted);) {
      try {
        await (this.#isNewestWanted ? this.#newest() : this.#older());
        failures = 0;
      } catch (thrown) {
        const error = thrown as ChatError;
        this.#fail(error);
        if (!error.retryable) {
          this.#isNewestWanted = false;
          this.#isOlderWanted = false;
          return;
        }
        failures += 1;
        await this.#pauses.afterFailure(failures, error);
      }
    }
  }

  async #newest(): Promise<void> {
    this.#isNewestWanted = false;
    try {
      const page = await this.#parts.page(undefined);
      this.#take((loaded) => withNewest(loaded, page));
    } catch (error) {
      this.#isNewestWanted = true;
      throw error;
    }
  }

  async #older(): Promise<void> {
    const token = this.#loaded.nextToken;
    if (typeof token === 'string') await this.#after(token);
    this.#isOlderWanted = false;
  }

  /** Takes the page at a token, or begins anew with the first when the service does not take the token any more. */
  async #after(token: string): Promise<void> {
    try {
      const page = await this.#parts.page(token);
      this.#take((loaded) => withOlder(loaded, page));
    } catch (thrown) {
      if ((thrown as ChatError).code !== 'INVALID_INPUT') throw thrown;
      const page = await this.#parts.page(undefined);
      this.#take((loaded) => withNewest({ ...loaded, listedThrough: undefined }, page));
    }
  }

  #take(merge: (loaded: LoadedConversations) => LoadedConversations): void {
    if (this.#isClosed) return;
    this.#store.update(() => {
      this.#error = undefined;
      this.#loaded = without(merge(this.#loaded), this.#deleted);
    });
  }

  async #try(run: () => Promise<unknown>): Promise<void> {
    try {
      await run();
      this.#fail(undefined);
    } catch (thrown) {
      this.#fail(thrown as ChatError);
    }
  }

  #fail(error: ChatError | undefined): void {
    this.#store.update(() => {
      this.#error = error;
    });
  }
}
