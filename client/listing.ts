import type { ChatError } from '../protocol/errors.ts';
import type { Message, MessagePage } from '../protocol/generated/schema-types.ts';
import type { Pauses } from './backoff.ts';

/** What a listing needs. */
export interface ListingPorts {
  readonly pauses: Pauses;
  /** One page, newest first; rejects with a ChatError. */
  page(nextToken?: string): Promise<MessagePage>;
  /** Takes the messages, and runs `shown` with the change that shows them; neither when it was closed meanwhile. */
  take(messages: readonly Message[], shown?: () => void): Promise<void>;
  /** Whether the service has ever told of something stored. */
  wasStored(): boolean;
  /** Nothing is stored; `wasStored` as it was when the question left. */
  absent(wasStored: boolean): void;
  failed(error: ChatError): void;
  isClosed(): boolean;
  /** `isRunning` changed. */
  changed(): void;
}

/**
 * Reads the messages of a conversation: the newest on demand, single flight and repeated until it succeeds; older ones page by
 * page. What it has read never has a hole.
 */
export class Listing {
  readonly #ports: ListingPorts;
  /** Undefined before the first page; null when everything is loaded. */
  #olderToken: string | null | undefined;
  /** Ids of messages that were listed without a hole between them and the oldest. Known by a batch or a send is not listed. */
  readonly #listed = new Set<string>();
  #running: Promise<void> | undefined;
  #isWantedAgain = false;
  #loadingOlder: Promise<void> | undefined;

  constructor(ports: ListingPorts) {
    this.#ports = ports;
  }

  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  get hasMore(): boolean {
    return typeof this.#olderToken === 'string';
  }

  /** Lists the newest messages; asked for while it runs, it lists once more. Never rejects. */
  refresh(): Promise<void> {
    this.#isWantedAgain = true;
    if (!this.#running) {
      this.#running = this.#run().finally(() => {
        this.#running = undefined;
        this.#ports.changed();
        // Asked for after the run looked for the last time and before this.
        return this.#isWantedAgain && !this.#ports.isClosed() ? this.refresh() : undefined;
      });
      this.#ports.changed();
    }
    return this.#running;
  }

  /** Loads older messages, a page at most, single flight; a token that the service takes no more is replaced. @throws ChatError */
  loadOlder(): Promise<void> {
    this.#loadingOlder ??= this.#older().finally(() => {
      this.#loadingOlder = undefined;
    });
    return this.#loadingOlder;
  }

  async #run(): Promise<void> {
    for (let failures = 1; this.#isWantedAgain && !this.#ports.isClosed();) {
      this.#isWantedAgain = false;
      try {
        await this.#newest();
        failures = 1;
      } catch (thrown) {
        const error = thrown as ChatError;
        if (this.#ports.isClosed()) return;
        this.#ports.failed(error);
        this.#isWantedAgain = true;
        await this.#ports.pauses.afterFailure(failures, error);
        failures += 1;
      }
    }
  }

  async #newest(): Promise<void> {
    const isFirst = this.#olderToken === undefined;
    const passed: Message[] = [];
    for (let token: string | undefined; ;) {
      const page = await this.#page(token);
      if (!page) return;
      const meetsListed = page.items.some(({ id }) => this.#listed.has(id));
      const next = page.nextToken ?? null;
      passed.push(...page.items);
      await this.#ports.take(page.items, () => {
        if (isFirst) this.#olderToken = next;
      });
      // Later listings read on until they meet what was listed, so that no hole stays between the two.
      if (isFirst || meetsListed || next === null) break;
      token = next;
    }
    // Only now: a page that is missing on the way is a hole that the next listing has to pass.
    this.#note(passed);
  }

  async #older(): Promise<void> {
    if (this.#olderToken === undefined) await this.refresh();
    const token = this.#olderToken;
    if (typeof token !== 'string') return;
    const page = await this.#pageAfter(token);
    if (!page) return;
    await this.#ports.take(page.items, () => {
      this.#olderToken = page.nextToken ?? null;
    });
    this.#note(page.items);
  }

  /** The page at a token; when the service does not take the token any more, the same place is looked for from the newest on. */
  async #pageAfter(token: string): Promise<MessagePage | undefined> {
    try {
      return await this.#page(token);
    } catch (thrown) {
      if ((thrown as ChatError).code !== 'INVALID_INPUT') throw thrown;
    }
    let wasListed = false;
    for (let fresh: string | undefined; ;) {
      const page = await this.#page(fresh);
      if (!page) return undefined;
      const next = page.nextToken ?? null;
      wasListed ||= page.items.some(({ id }) => this.#listed.has(id));
      const last = page.items.at(-1);
      if (next === null || (wasListed && last && !this.#listed.has(last.id))) return page;
      fresh = next;
    }
  }

  #note(messages: readonly Message[]): void {
    for (const { id } of messages) this.#listed.add(id);
  }

  /** Undefined when the conversation is absent or was closed meanwhile. */
  async #page(token: string | undefined): Promise<MessagePage | undefined> {
    // Looked at before the question: a send may be stored while it is on its way.
    const wasStored = this.#ports.wasStored();
    try {
      const page = await this.#ports.page(token);
      return this.#ports.isClosed() ? undefined : page;
    } catch (thrown) {
      const error = thrown as ChatError;
      if (error.code !== 'NOT_FOUND') throw error;
      if (!this.#ports.isClosed()) this.#ports.absent(wasStored);
      return undefined;
    }
  }
}
