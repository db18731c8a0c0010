import type { ChatError } from '../protocol/errors.ts';
import type { Message, MessagePage } from '../protocol/generated/schema-types.ts';
import { backoffMs, type Pauses } from './backoff.ts';

/** What a listing needs. */
export interface ListingPorts {
  readonly pauses: Pauses;
  readonly random: () => number;
  /** One page, newest first; rejects with a ChatError. */
  page(nextToken?: string): Promise<MessagePage>;
  /** Whether a message is known already: pages are read until they meet one. */
  has(messageId: string): boolean;
  take(messages: readonly Message[]): Promise<void>;
  /** Whether the service has ever told of something stored. */
  wasStored(): boolean;
  /** Nothing is stored; `wasStored` as it was when the question left. */
  absent(wasStored: boolean): void;
  failed(error: ChatError): void;
  isClosed(): boolean;
  changed(): void;
}

/** Reads the messages of a conversation: the newest on demand, single flight and repeated until it succeeds; older ones page by page. */
export class Listing {
  readonly #ports: ListingPorts;
  /** Undefined before the first page; null when everything is loaded. */
  #olderToken: string | null | undefined;
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
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
      this.#ports.changed();
    });
    return this.#running;
  }

  /** Loads one page of older messages, single flight. @throws ChatError */
  loadOlder(): Promise<void> {
    this.#loadingOlder ??= this.#older().finally(() => {
      this.#loadingOlder = undefined;
    });
    return this.#loadingOlder;
  }

  async #run(): Promise<void> {
    this.#ports.changed();
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
        await this.#ports.pauses.wait(backoffMs(failures, this.#ports.random, error.retryAfterMs));
        failures += 1;
      }
    }
  }

  async #newest(): Promise<void> {
    const isFirst = this.#olderToken === undefined;
    for (let token: string | undefined; ;) {
      const page = await this.#page(token);
      if (!page) return;
      const meetsKnown = page.items.some(({ id }) => this.#ports.has(id));
      const next = page.nextToken ?? null;
      if (isFirst) this.#olderToken = next;
      await this.#ports.take(page.items);
      // Later listings read on until they meet what is known, so that no hole stays between the two.
      if (isFirst || meetsKnown || next === null) return;
      token = next;
    }
  }

  async #older(): Promise<void> {
    if (this.#olderToken === undefined) await this.refresh();
    const token = this.#olderToken;
    if (typeof token !== 'string') return;
    const page = await this.#page(token);
    if (!page) return;
    this.#olderToken = page.nextToken ?? null;
    await this.#ports.take(page.items);
    this.#ports.changed();
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
