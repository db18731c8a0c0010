import { ChatError } from '../protocol/errors.ts';
import type { Message } from '../protocol/generated/schema-types.ts';
import { isId } from '../protocol/ids.ts';
import type { Api } from './api.ts';
import { Pauses } from './backoff.ts';
import type { Clock } from './clock.ts';
import { Connection } from './connection.ts';
import { Listing } from './listing.ts';
import { Outbox } from './outbox.ts';
import {
  sharedList,
  UNCONNECTED,
  type ChatMessage,
  type ConnectionState,
  type ConversationState,
} from './snapshot.ts';
import { Store } from './store.ts';
import { Transcript } from './transcript.ts';
import { Watchers } from './watchers.ts';

/** A request waits this long for the subscription; afterwards it goes out, and catch-up shows the answer. */
const SEND_PATIENCE_MS = 5_000;
/** After an acknowledgement the messages are listed once more: AppSync may lose what is published right after it. */
const LIST_AFTER_ACK_MS = 2_000;

/** What a live conversation is made of; all arguments, so that tests decide. */
export interface LiveConversationParts {
  readonly api: Api;
  readonly clock: Clock;
  readonly random: () => number;
  readonly sha256: (text: string) => Promise<string>;
  /** It began to connect, or was acknowledged: what was kept is sent now. */
  resume(): void;
  /** The service's list of conversations changed: a request was accepted, or an answer ended. */
  onActivity(): void;
  /** Told once, when the conversation is closed. */
  onClosed(): void;
}

/**
 * What is known of one conversation, kept up to date by itself from `start` to `end`: it subscribes, lists, catches up and
 * reconnects, and tells every change in a snapshot.
 */
export class LiveConversation {
  readonly outbox: Outbox;
  readonly watchers = new Watchers();
  readonly #id: string;
  readonly #parts: LiveConversationParts;
  readonly #store: Store<ConversationState>;
  readonly #pauses: Pauses;
  readonly #transcript: Transcript;
  readonly #connection: Connection;
  readonly #listing: Listing;
  #ended: ChatError | undefined;
  #isStarted = false;
  #lastError: ChatError | undefined;
  /** Until when batches may have passed unseen; undefined once they are being asked for. */
  #missedUntil: number | undefined;
  #cancelList: () => void = () => undefined;

  constructor(id: string, parts: LiveConversationParts) {
    const { api, clock, random, sha256 } = parts;
    this.#id = id;
    this.#parts = parts;
    this.#store = new Store<ConversationState>(UNCONNECTED, (previous) => this.#read(previous));
    this.#pauses = new Pauses(clock, random);
    const failed = (error: ChatError) => this.#hearFailure(error);
    const changed = () => this.update(() => undefined);
    this.#transcript = new Transcript({
      clock,
      random,
      sha256,
      ask: async (messageId, from) => {
        const state = await api.messageState(id, messageId, from);
        this.#hearAnswer();
        return state;
      },
      changed,
      failed: (error) => (error.code === 'NOT_FOUND' ? this.end(error) : failed(error)),
    });
    this.#connection = new Connection({
      clock,
      random,
      watch: (observer) => api.watch(id, observer),
      probe: () => api.probe(id),
      onBatch: (batch) =>
        this.update(() => {
          this.#lastError = undefined;
          this.#transcript.hear(batch);
          this.listUnlisted();
          if (batch.kind === 'END') parts.onActivity();
        }),
      onAcknowledged: (isAgain) => this.#onAcknowledged(isAgain),
      changed,
    });
    this.outbox = new Outbox({
      pauses: this.#pauses,
      throwIfEnded: () => this.throwIfEnded(),
      failed: (error) => {
        failed(error);
        this.listUnlisted();
      },
    });
    this.#listing = new Listing({
      pauses: this.#pauses,
      page: (token) => api.messages(id, token),
      take: (messages, shown) => this.take(messages, shown),
      wasStored: () => !this.#transcript.isEmpty,
      absent: (wasStored) => {
        this.#hearAnswer();
        if (wasStored) this.end(new ChatError('NOT_FOUND'));
      },
      failed: (error) => {
        if (error.code === 'NETWORK') this.#connection.suspect(error);
        failed(error);
      },
      isClosed: () => this.#ended !== undefined,
      changed: () => this.update(() => this.#catchUp()),
    });
  }

  get isEnded(): boolean {
    return this.#ended !== undefined;
  }

  /** The newest snapshot; the same object until something changes. */
  get state(): ConversationState {
    return this.#store.state;
  }

  listen(listener: (state: ConversationState) => void): () => void {
    return this.#store.listen(listener);
  }

  /** Connects, once; an id that can be none ends it. */
  start(): void {
    if (this.#isStarted || this.#ended) return;
    if (!isId(this.#id)) return this.end(new ChatError('INVALID_INPUT'));
    this.#isStarted = true;
    this.#connection.start();
    this.#refresh();
    this.#parts.resume();
  }

  /** Connects, and resolves once batches arrive, after 5 s at the latest. */
  connected(): Promise<void> {
    this.start();
    return this.#connection.acknowledged(SEND_PATIENCE_MS);
  }

  /** Runs a change, then tells what it changed. */
  update(change: () => void): void {
    this.#store.update(change);
    this.watchers.look((messageId) => this.#transcript.find(messageId));
  }

  /** Takes what a request was answered with; within an `update`. */
  learn(messages: readonly Message[]): void {
    this.#hearAnswer();
    for (const message of messages) this.#transcript.learn(message);
  }

  /** Takes messages of which nothing is shown before it is verified, and runs `shown` with the change that shows them. */
  take(messages: readonly Message[], shown?: () => void): Promise<void> {
    this.#hearAnswer();
    return this.#transcript.learnAll(messages, (learn) => {
      if (this.#ended) return;
      this.update(() => {
        learn();
        shown?.();
      });
    });
  }

  find(messageId: string): ChatMessage | undefined {
    return this.#transcript.find(messageId);
  }

  /** Lists when a batch told of an answer alone. A request's own answer tells of its messages; a batch may come before it. */
  listUnlisted(): void {
    if (!this.#transcript.hasUnlisted || this.outbox.isBusy || this.#ended) return;
    this.#transcript.forgetUnlisted();
    void this.#listing.refresh().then(() => this.update(() => this.#transcript.showOrphans()));
  }

  /** @throws ChatError */
  loadOlder(): Promise<void> {
    this.start();
    return this.#listing.loadOlder();
  }

  /** What waits is tried at once, and the messages are listed again. */
  wake(): void {
    if (!this.#isStarted || this.#ended) return;
    this.#pauses.wake();
    this.#connection.wake();
    if (this.#connection.phase === 'acknowledged') this.#refresh();
  }

  throwIfEnded(): void {
    if (this.#ended) throw this.#ended;
  }

  /** Lets go of subscription and timers, and rejects what waits. The first reason counts. */
  end(error: ChatError): void {
    if (this.#ended) return;
    this.#ended = error;
    this.#cancelList();
    this.#connection.close();
    this.#transcript.close();
    this.#pauses.close();
    this.watchers.reject(error);
    this.update(() => undefined);
    this.#parts.onClosed();
  }

  /** Ends it, and tells nothing any more; an end alone still tells what became of messages that were being sent. */
  close(error: ChatError): void {
    this.end(error);
    this.#store.clear();
  }

  /** Lists, then asks for every answer that is not whole: after page load, reconnect and wake. */
  #refresh(): void {
    this.#missedUntil = this.#parts.clock.now();
    void this.#listing.refresh();
  }

  /** With the change that ends the listing: in between nothing would be known to be missing. */
  #catchUp(): void {
    const since = this.#missedUntil;
    if (since === undefined || this.#listing.isRunning) return;
    this.#missedUntil = undefined;
    for (const answer of this.#transcript.answers) answer.catchUp(since);
  }

  #onAcknowledged(isAgain: boolean): void {
    this.#lastError = undefined;
    if (isAgain) this.#refresh();
    this.#parts.resume();
    this.#cancelList();
    this.#cancelList = this.#parts.clock.after(LIST_AFTER_ACK_MS, () => void this.#listing.refresh());
  }

  #hearAnswer(): void {
    this.#lastError = undefined;
    this.#connection.answered();
  }

  #hearFailure(error: ChatError): void {
    this.update(() => {
      this.#lastError = error;
      if (error.code !== 'NETWORK') this.#connection.answered();
    });
  }

  #read(previous: ConversationState): ConversationState {
    return {
      connection: this.#connectionState(),
      messages: sharedList(previous.messages, this.#transcript.shown(this.outbox.pending)),
      hasMore: this.#listing.hasMore,
      error: this.#ended ?? this.#connection.error ?? this.#lastError,
    };
  }

  #connectionState(): ConnectionState {
    const { phase } = this.#connection;
    if (phase === 'idle' || phase === 'connecting') return 'connecting';
    if (phase === 'closed') return 'offline';
    if (phase !== 'acknowledged') return phase;
    return this.#listing.isRunning || this.#transcript.isBehind ? 'catching-up' : 'live';
  }
}
