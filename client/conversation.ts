import { ChatError } from '../protocol/errors.ts';
import type { Message } from '../protocol/generated/schema-types.ts';
import { isId } from '../protocol/ids.ts';
import { MAX_TEXT_UNITS } from '../protocol/limits.ts';
import type { Api } from './api.ts';
import { Pauses } from './backoff.ts';
import type { Clock } from './clock.ts';
import { Connection } from './connection.ts';
import type { KeptSend, OutboxStorage } from './kept-sends.ts';
import { Listing } from './listing.ts';
import { Outbox, pendingMessage } from './outbox.ts';
import type { RegenerateOptions, RequestedAnswer, SendOptions } from './requests.ts';
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

/** A send waits this long for the subscription; afterwards it goes out, and catch-up shows the answer. */
const SEND_PATIENCE_MS = 5_000;
/** After an acknowledgement the messages are listed once more: AppSync may lose what is published right after it. */
const LIST_AFTER_ACK_MS = 2_000;

/** What a conversation is made of; all arguments, so that tests decide. */
export interface ConversationParts {
  readonly api: Api;
  readonly clock: Clock;
  readonly random: () => number;
  readonly newId: () => string;
  readonly sha256: (text: string) => Promise<string>;
  /** Keeps sends through reloads; absent: nothing is kept. */
  readonly kept: OutboxStorage | undefined;
  /** The service's list of conversations changed: a request was accepted, or an answer ended. */
  onActivity(): void;
  /** Told once, when the conversation is closed. */
  onClosed(): void;
}

/**
 * One conversation as a store: `getSnapshot` and `subscribe` have the shape of React's `useSyncExternalStore`. It connects
 * at the first `subscribe` or operation, reconnects and catches up by itself, and is released by `close`. The methods need no `this`.
 */
export class Conversation {
  readonly id: string;
  readonly #parts: ConversationParts;
  readonly #store: Store<ConversationState>;
  readonly #pauses: Pauses;
  readonly #transcript: Transcript;
  readonly #connection: Connection;
  readonly #listing: Listing;
  readonly #outbox: Outbox;
  readonly #watchers = new Watchers();
  #ended: ChatError | undefined;
  #isStarted = false;
  #isResuming = false;
  #lastError: ChatError | undefined;
  #cancelList: () => void = () => undefined;

  constructor(id: string, parts: ConversationParts) {
    const { api, clock, random, sha256 } = parts;
    this.id = id;
    this.#parts = parts;
    this.#store = new Store<ConversationState>(UNCONNECTED, (previous) => this.#read(previous));
    this.#pauses = new Pauses(clock);
    const failed = (error: ChatError) => this.#hearFailure(error);
    const changed = () => this.#update(() => undefined);
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
      failed: (error) => (error.code === 'NOT_FOUND' ? this.#end(error) : failed(error)),
    });
    this.#connection = new Connection({
      clock,
      random,
      watch: (observer) => api.watch(id, observer),
      probe: () => this.#probe(),
      onBatch: (batch) =>
        this.#update(() => {
          this.#lastError = undefined;
          this.#transcript.hear(batch);
          this.#listUnlisted();
          if (batch.kind === 'END') parts.onActivity();
        }),
      onAcknowledged: (isAgain) => this.#onAcknowledged(isAgain),
      changed,
    });
    this.#outbox = new Outbox({
      pauses: this.#pauses,
      random,
      ended: () => this.#ended,
      failed: (error) => {
        failed(error);
        this.#listUnlisted();
      },
    });
    this.#listing = new Listing({
      pauses: this.#pauses,
      random,
      page: (token) => api.messages(id, undefined, token),
      take: (messages, shown) => this.#take(messages, shown),
      wasStored: () => !this.#transcript.isEmpty,
      absent: (wasStored) => {
        this.#hearAnswer();
        if (wasStored) this.#end(new ChatError('NOT_FOUND'));
      },
      failed: (error) => {
        if (error.code === 'NETWORK') this.#connection.suspect(error);
        failed(error);
      },
      isClosed: () => this.#ended !== undefined,
      changed,
    });
  }

  /** Whether `close` or a deletion ended it; `ChatClient.conversation` then makes a new one. */
  get isClosed(): boolean {
    return this.#ended !== undefined;
  }

  /** The newest snapshot; the same object until something changes. */
  readonly getSnapshot = (): ConversationState => this.#store.state;

  /** Calls `listener` with every new snapshot from now on, in order. The result ends it and may be called twice. */
  readonly subscribe = (listener: (state: ConversationState) => void): (() => void) => {
    const stop = this.#store.listen(listener);
    this.#start();
    return stop;
  };

  /**
   * Sends a text; it is in the snapshot at once, `pending`. Resolves when the service accepted it: what is retryable is
   * repeated under the same `clientMessageId` until `close`, and in a browser goes on after a reload, or in another tab, when
   * the conversation is next used. @throws ChatError when the service refuses it
   */
  readonly send = async (options: SendOptions): Promise<RequestedAnswer> => {
    const { text, parentId, clientMessageId = this.#parts.newId(), model, pacing } = options;
    const isFine = isId(clientMessageId) && text.trim() !== '' && text.length <= MAX_TEXT_UNITS;
    if (!isFine) throw new ChatError('INVALID_INPUT');
    this.#throwIfEnded();
    const send = { clientMessageId, text, parentId, model, pacing };
    this.#update(() => {
      this.#outbox.add(pendingMessage(send));
      this.#start();
    });
    try {
      return await this.#deliver(send, () => this.#outbox.remove(clientMessageId));
    } catch (error) {
      // NETWORK is the closing of the conversation: that refuses nothing.
      if ((error as ChatError).code !== 'NETWORK') this.#forget(clientMessageId);
      throw error;
    }
  };

  /** Gives up a message that was refused after a reload (`refusal`); does nothing with others. */
  readonly discard = (clientMessageId: string): void =>
    this.#update(() => {
      if (this.#outbox.discard(clientMessageId)) this.#forget(clientMessageId);
    });

  /** Asks for another answer to the same user message: a sibling. Repeated like `send`. @throws ChatError */
  readonly regenerate = (messageId: string, options: RegenerateOptions = {}): Promise<RequestedAnswer> => {
    const { clientMessageId = this.#parts.newId(), model, pacing } = options;
    const input = { conversationId: this.id, messageId, clientMessageId, model, pacing };
    return this.#request(async () => {
      this.#start();
      await this.#connection.acknowledged(SEND_PATIENCE_MS);
      const payload = await this.#outbox.deliver(() => this.#parts.api.regenerate(input));
      return [payload.userMessage, payload.assistantMessage];
    });
  };

  /** Goes on with an INTERRUPTED answer in a new attempt. Repeated while no answer comes. @throws ChatError */
  readonly continue = (messageId: string): Promise<RequestedAnswer> =>
    this.#request(async () => {
      this.#start();
      await this.#connection.acknowledged(SEND_PATIENCE_MS);
      return [await this.#outbox.deliver(() => this.#parts.api.continue(this.id, messageId))];
    });

  /** Stops an answer and keeps its text; resolves to the message as it is then known. Safe to repeat. @throws ChatError */
  readonly cancel = async (messageId: string): Promise<ChatMessage> => {
    this.#start();
    try {
      const message = await this.#outbox.deliver(() => this.#parts.api.cancel(this.id, messageId));
      await this.#take([message]);
      return this.#transcript.find(messageId) ?? (await this.#watchers.watch(messageId, message.attempt));
    } finally {
      this.#listUnlisted();
    }
  };

  /** Loads older messages; does nothing when there are none. @throws ChatError */
  readonly loadMore = async (): Promise<void> => {
    this.#throwIfEnded();
    this.#start();
    await this.#listing.loadOlder();
  };

  /** The page was woken: what waits is tried at once, and the messages are listed again. */
  readonly wake = (): void => {
    if (!this.#isStarted || this.#ended) return;
    this.#pauses.wake();
    this.#connection.wake();
    if (this.#connection.phase === 'acknowledged') void this.#refresh();
  };

  /**
   * Releases the subscription and rejects what waits with NETWORK (the union has no code for one's own closing): its `cause`
   * is then a DOMException named AbortError, as of an aborted `fetch`. Never cancels an answer. May be called twice.
   */
  readonly close = (): void =>
    this.#end(
      new ChatError('NETWORK', { cause: new DOMException('The conversation was closed', 'AbortError') }),
    );

  /** The conversation was deleted: `ended` promises reject with NOT_FOUND. */
  readonly deleted = (): void => this.#end(new ChatError('NOT_FOUND'));

  #start(): void {
    if (this.#isStarted || this.#ended) return;
    if (!isId(this.id)) return this.#end(new ChatError('INVALID_INPUT'));
    this.#isStarted = true;
    this.#connection.start();
    void this.#refresh();
    void this.#resume();
  }

  /** Keeps, then sends, until accepted or refused. */
  #deliver(send: KeptSend, settled: (refusal?: ChatError) => void): Promise<RequestedAnswer> {
    const { api, kept } = this.#parts;
    return this.#request(async () => {
      await Promise.all([kept?.keep(this.id, send), this.#connection.acknowledged(SEND_PATIENCE_MS)]);
      const input = { conversationId: this.id, ...send };
      const { userMessage, assistantMessage } = await this.#outbox.deliver(() => api.send(input));
      void kept?.forget(this.id, send.clientMessageId);
      return [userMessage, assistantMessage];
    }, settled);
  }

  /** Nobody sends it any more; another send under its id may still be on its way. */
  #forget(clientMessageId: string): void {
    if (!this.#outbox.has(clientMessageId)) void this.#parts.kept?.forget(this.id, clientMessageId);
  }

  /** Sends what a reload, or a tab that was closed, left unsent: one after the other, because each may follow the one before. */
  async #resume(): Promise<void> {
    const { kept } = this.#parts;
    if (!kept || this.#isResuming) return;
    this.#isResuming = true;
    const sends = (await kept.list(this.id)).filter((send) => !this.#outbox.has(send.clientMessageId));
    this.#update(() => sends.forEach((send) => this.#outbox.add(pendingMessage(send))));
    for (const send of sends) {
      const { clientMessageId } = send;
      await this.#deliver(send, (refusal) =>
        refusal ? this.#outbox.refuse(clientMessageId, refusal) : this.#outbox.remove(clientMessageId),
      ).catch(() => undefined);
    }
    this.#isResuming = false;
  }

  async #request(
    ask: () => Promise<Message[]>,
    settled: (refusal?: ChatError) => void = () => undefined,
  ): Promise<RequestedAnswer> {
    this.#throwIfEnded();
    try {
      const messages = await ask();
      this.#throwIfEnded();
      this.#update(() => {
        settled();
        this.#hearAnswer();
        for (const message of messages) this.#transcript.learn(message);
      });
      const answer = messages.at(-1) as Message;
      const ended = this.#watchers.watch(answer.id, answer.attempt);
      this.#update(() => this.#listUnlisted());
      this.#parts.onActivity();
      return { messageId: answer.id, ended };
    } catch (error) {
      this.#update(() => {
        settled(error as ChatError);
        this.#listUnlisted();
      });
      throw error;
    }
  }

  /** Takes messages of which nothing is shown before it is verified. */
  #take(messages: readonly Message[], shown?: () => void): Promise<void> {
    this.#hearAnswer();
    return this.#transcript.learnAll(messages, (learn) => {
      if (this.#ended) return;
      this.#update(() => {
        learn();
        shown?.();
      });
    });
  }

  /** Lists, then asks for every answer that is not whole: after page load, reconnect and wake. */
  async #refresh(): Promise<void> {
    const since = this.#parts.clock.now();
    await this.#listing.refresh();
    for (const answer of this.#transcript.answers) answer.catchUp(since);
  }

  /** A send's own answer tells of its messages; a batch may come before it. */
  #listUnlisted(): void {
    if (!this.#transcript.hasUnlisted || this.#outbox.isBusy || this.#ended) return;
    this.#transcript.forgetUnlisted();
    void this.#listing.refresh().then(() => this.#update(() => this.#transcript.showOrphans()));
  }

  #onAcknowledged(isAgain: boolean): void {
    this.#lastError = undefined;
    if (isAgain) void this.#refresh();
    void this.#resume();
    this.#cancelList();
    this.#cancelList = this.#parts.clock.after(LIST_AFTER_ACK_MS, () => void this.#listing.refresh());
  }

  /** Whether the service answers; a conversation without messages is an answer too. */
  async #probe(): Promise<void> {
    try {
      await this.#parts.api.messages(this.id, 1);
    } catch (error) {
      if ((error as ChatError).code !== 'NOT_FOUND') throw error;
    }
  }

  #hearAnswer(): void {
    this.#lastError = undefined;
    this.#connection.answered();
  }

  #hearFailure(error: ChatError): void {
    this.#update(() => {
      this.#lastError = error;
      if (error.code !== 'NETWORK') this.#connection.answered();
    });
  }

  #throwIfEnded(): void {
    if (this.#ended) throw this.#ended;
  }

  #end(error: ChatError): void {
    if (this.#ended) return;
    this.#ended = error;
    this.#cancelList();
    this.#connection.close();
    this.#transcript.close();
    this.#pauses.close();
    this.#watchers.reject(error);
    this.#update(() => undefined);
    this.#store.clear();
    this.#parts.onClosed();
  }

  #update(change: () => void): void {
    this.#store.update(change);
    this.#watchers.look((messageId) => this.#transcript.find(messageId));
  }

  #read(previous: ConversationState): ConversationState {
    return {
      connection: this.#connectionState(),
      messages: sharedList(previous.messages, this.#transcript.shown(this.#outbox.pending)),
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
