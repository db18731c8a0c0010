import { ChatError } from '../protocol/errors.ts';
import type { Message } from '../protocol/generated/schema-types.ts';
import { isId } from '../protocol/ids.ts';
import { MAX_TEXT_UNITS } from '../protocol/limits.ts';
import type { KeptSend, OutboxStorage } from './kept-sends.ts';
import { LiveConversation, type LiveConversationParts } from './live-conversation.ts';
import { pendingMessage } from './outbox.ts';
import type { RegenerateOptions, RequestedAnswer, SendOptions } from './requests.ts';
import type { ChatMessage, ConversationState } from './snapshot.ts';

/** What a conversation is made of; all arguments, so that tests decide. */
export interface ConversationParts extends Omit<LiveConversationParts, 'resume'> {
  readonly newId: () => string;
  /** Keeps sends through reloads; absent: nothing is kept. */
  readonly kept: OutboxStorage | undefined;
}

/**
 * One conversation as a store: `getSnapshot` and `subscribe` have the shape of React's `useSyncExternalStore`. It connects
 * at the first `subscribe` or operation, reconnects and catches up by itself, and is released by `close`. The methods need no `this`.
 */
export class Conversation {
  readonly id: string;
  readonly #parts: ConversationParts;
  readonly #live: LiveConversation;
  #isResuming = false;

  constructor(id: string, parts: ConversationParts) {
    this.id = id;
    this.#parts = parts;
    this.#live = new LiveConversation(id, { ...parts, resume: () => void this.#resume() });
  }

  /** Whether `close` or a deletion ended it; `ChatClient.conversation` then makes a new one. */
  get isClosed(): boolean {
    return this.#live.isEnded;
  }

  /** The newest snapshot; the same object until something changes. */
  readonly getSnapshot = (): ConversationState => this.#live.state;

  /** Calls `listener` with every new snapshot from now on, in order. The result ends it and may be called twice. */
  readonly subscribe = (listener: (state: ConversationState) => void): (() => void) => {
    const stop = this.#live.listen(listener);
    this.#live.start();
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
    const { outbox } = this.#live;
    this.#live.throwIfEnded();
    const send = { clientMessageId, text, parentId, model, pacing };
    this.#live.update(() => {
      outbox.add(pendingMessage(send));
      this.#live.start();
    });
    try {
      return await this.#deliver(send, () => outbox.remove(clientMessageId));
    } catch (error) {
      // NETWORK is the closing of the conversation: that refuses nothing.
      if ((error as ChatError).code !== 'NETWORK') this.#forget(clientMessageId);
      throw error;
    }
  };

  /** Gives up a message that was refused after a reload (`refusal`); does nothing with others. */
  readonly discard = (clientMessageId: string): void =>
    this.#live.update(() => {
      if (this.#live.outbox.discard(clientMessageId)) this.#forget(clientMessageId);
    });

  /** Asks for another answer to the same user message: a sibling. Repeated like `send`. @throws ChatError */
  readonly regenerate = (messageId: string, options: RegenerateOptions = {}): Promise<RequestedAnswer> => {
    const { clientMessageId = this.#parts.newId(), model, pacing } = options;
    const input = { conversationId: this.id, messageId, clientMessageId, model, pacing };
    return this.#request(async () => {
      await this.#live.connected();
      const payload = await this.#live.outbox.deliver(() => this.#parts.api.regenerate(input));
      return [payload.userMessage, payload.assistantMessage];
    });
  };

  /** Goes on with an INTERRUPTED answer in a new attempt. Repeated while no answer comes. @throws ChatError */
  readonly continue = (messageId: string): Promise<RequestedAnswer> =>
    this.#request(async () => {
      await this.#live.connected();
      return [await this.#live.outbox.deliver(() => this.#parts.api.continue(this.id, messageId))];
    });

  /** Stops an answer and keeps its text; resolves to the message as it is then known. Safe to repeat. @throws ChatError */
  readonly cancel = async (messageId: string): Promise<ChatMessage> => {
    const live = this.#live;
    live.start();
    try {
      const message = await live.outbox.deliver(() => this.#parts.api.cancel(this.id, messageId));
      await live.take([message]);
      return live.find(messageId) ?? (await live.watchers.watch(messageId, message.attempt));
    } finally {
      live.listUnlisted();
    }
  };

  /** Loads older messages; does nothing when there are none. @throws ChatError */
  readonly loadMore = async (): Promise<void> => {
    this.#live.throwIfEnded();
    await this.#live.loadOlder();
  };

  /** The page was woken: what waits is tried at once, and the messages are listed again. */
  readonly wake = (): void => this.#live.wake();

  /**
   * Releases the subscription and rejects what waits with NETWORK (the union has no code for one's own closing): its `cause`
   * is then a DOMException named AbortError, as of an aborted `fetch`. Never cancels an answer. May be called twice.
   */
  readonly close = (): void =>
    this.#live.close(
      new ChatError('NETWORK', { cause: new DOMException('The conversation was closed', 'AbortError') }),
    );

  /** The conversation was deleted: `ended` promises reject with NOT_FOUND. */
  readonly deleted = (): void => this.#live.end(new ChatError('NOT_FOUND'));

  /** Keeps, then sends, until accepted or refused. */
  #deliver(send: KeptSend, settled: (refusal?: ChatError) => void): Promise<RequestedAnswer> {
    const { api, kept } = this.#parts;
    return this.#request(async () => {
      await Promise.all([kept?.keep(this.id, send), this.#live.connected()]);
      const input = { conversationId: this.id, ...send };
      const { userMessage, assistantMessage } = await this.#live.outbox.deliver(() => api.send(input));
      void kept?.forget(this.id, send.clientMessageId);
      return [userMessage, assistantMessage];
    }, settled);
  }

  /** Nobody sends it any more; another send under its id may still be on its way. */
  #forget(clientMessageId: string): void {
    if (!this.#live.outbox.has(clientMessageId)) void this.#parts.kept?.forget(this.id, clientMessageId);
  }

  /** Sends what a reload, or a tab that was closed, left unsent: one after the other, because each may follow the one before. */
  async #resume(): Promise<void> {
    const { kept } = this.#parts;
    if (!kept || this.#isResuming) return;
    this.#isResuming = true;
    const { outbox } = this.#live;
    const sends = (await kept.list(this.id)).filter((send) => !outbox.has(send.clientMessageId));
    this.#live.update(() => sends.forEach((send) => outbox.add(pendingMessage(send))));
    for (const send of sends) {
      const { clientMessageId } = send;
      await this.#deliver(send, (refusal) =>
        refusal ? outbox.refuse(clientMessageId, refusal) : outbox.remove(clientMessageId),
      ).catch(() => undefined);
    }
    this.#isResuming = false;
  }

  /** Asks until answered or refused; `settled` runs with the change that shows which. */
  async #request(
    ask: () => Promise<readonly Message[]>,
    settled: (refusal?: ChatError) => void = () => undefined,
  ): Promise<RequestedAnswer> {
    const live = this.#live;
    try {
      live.throwIfEnded();
      const messages = await ask();
      live.throwIfEnded();
      live.update(() => {
        settled();
        live.learn(messages);
      });
      const answer = messages.at(-1) as Message;
      const ended = live.watchers.watch(answer.id, answer.attempt);
      live.update(() => live.listUnlisted());
      this.#parts.onActivity();
      return { messageId: answer.id, ended };
    } catch (error) {
      live.update(() => {
        settled(error as ChatError);
        live.listUnlisted();
      });
      throw error;
    }
  }
}
