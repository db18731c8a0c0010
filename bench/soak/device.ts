import { createAmplifyTransport } from '../../client/amplify-transport.ts';
import {
  createChatClient,
  keptSends,
  type ChatAuth,
  type ChatClient,
  type Conversation,
  type ConversationState,
  type OutboxStorage,
  type Transport,
} from '../../client/index.ts';
import { DeviceNetwork, type Outage } from './device-network.ts';
import { ShownAnswers } from './shown-answers.ts';
import { within } from './within.ts';

/** What a device is opened with. */
export interface DeviceOptions {
  readonly graphqlUrl: string;
  readonly auth: ChatAuth;
  readonly conversationId: string;
  /** Where the browser keeps what is unsent; tabs of one browser share it. */
  readonly storage: Storage;
  /** Told of every question for missing text that a client asks. */
  readonly asked: () => void;
}

/**
 * One browser tab: the client library over the real Amplify, with everything it ever showed. A reload closes the client and opens
 * another, as a page would; what was not accepted by then, the other one finds in the browser's storage.
 */
export class Device {
  readonly #options: DeviceOptions;
  readonly #network = new DeviceNetwork();
  readonly #outbox: OutboxStorage;
  readonly #shown: ShownAnswers[] = [];
  readonly #waiters = new Set<() => void>();
  #chat: ChatClient;
  #conversation: Conversation;
  #wake: () => void = () => undefined;

  constructor(options: DeviceOptions) {
    this.#options = options;
    const kept = keptSends(
      () => Promise.resolve('soak'),
      () => options.storage,
    );
    this.#outbox = {
      ...kept,
      keep: (...send) => kept.keep(...send).then(() => this.look()),
      forget: (...send) => kept.forget(...send).then(() => this.look()),
    };
    [this.#chat, this.#conversation] = this.#open();
  }

  get state(): ConversationState {
    return this.#conversation.getSnapshot();
  }

  /** What each client that ran here showed. */
  get shown(): readonly ShownAnswers[] {
    return this.#shown;
  }

  reload(): void {
    this.#chat.close();
    [this.#chat, this.#conversation] = this.#open();
  }

  /** Whether the browser keeps a send, or any at all. */
  keepsUnsent(clientMessageId = ''): boolean {
    return Object.keys(this.#options.storage).some((key) => key.endsWith(clientMessageId));
  }

  /** Has no network from now on. */
  fail(outage: Outage): void {
    this.#network.fail(outage);
  }

  /** Has a network again; of the one that was known to be down, the browser tells. */
  restore(outage: Outage): void {
    this.#network.restore();
    if (outage === 'down') this.wake();
  }

  /** As a page that becomes visible again. */
  wake(): void {
    this.#wake();
  }

  close(): void {
    this.#chat.close();
  }

  /** Sends once: after a reload it is the storage that brings it. */
  sendOnce(send: Parameters<Conversation['send']>[0]): Promise<unknown> {
    return this.#conversation.send(send);
  }

  deleteConversation(): Promise<string> {
    return this.#chat.deleteConversation(this.#options.conversationId);
  }

  /** Runs an operation; again when a reload ended it, as a page does that kept what it was about to do. */
  async perform<Result>(operation: (conversation: Conversation) => Promise<Result>): Promise<Result> {
    for (;;) {
      const conversation = this.#conversation;
      try {
        return await operation(conversation);
      } catch (error) {
        if (!conversation.isClosed || conversation === this.#conversation) throw error;
      }
    }
  }

  /** What `look` finds in the first snapshot in which it finds something, now or later, over reloads. @throws Stuck, what `look` throws */
  async until<Found>(
    look: (state: ConversationState) => Found | undefined,
    withinMs: number,
    what: string,
  ): Promise<Found> {
    let lookAgain: () => void = () => undefined;
    const found = new Promise<Found>((resolve, reject) => {
      lookAgain = () => {
        try {
          const value = look(this.state);
          if (value !== undefined) resolve(value);
        } catch (thrown) {
          const error: Error = thrown as Error;
          reject(error);
        }
      };
      this.#waiters.add(lookAgain);
      lookAgain();
    });
    try {
      return await within(found, withinMs, what);
    } finally {
      this.#waiters.delete(lookAgain);
    }
  }

  /** Lets everybody who waits look again. */
  look(): void {
    for (const look of [...this.#waiters]) look();
  }

  #open(): [ChatClient, Conversation] {
    const { graphqlUrl, auth, conversationId, asked } = this.#options;
    const amplify = createAmplifyTransport({
      endpoint: graphqlUrl,
      auth,
      clock: {
        now: () => Date.now(),
        after(ms, run) {
          const timer = setTimeout(run, ms);
          return () => clearTimeout(timer);
        },
      },
    });
    const transport: Transport = this.#network.carry({
      ...amplify,
      query: (document, variables) => {
        if (document.includes('messageState(')) asked();
        return amplify.query(document, variables);
      },
    });
    const wakeSource = {
      listen: (listener: () => void) => {
        this.#wake = listener;
        return () => undefined;
      },
    };
    const chat = createChatClient({ transport, wakeSource, outbox: this.#outbox });
    const conversation = chat.conversation(conversationId);
    const shown = new ShownAnswers();
    this.#shown.push(shown);
    conversation.subscribe(({ messages }) => {
      for (const message of messages) if (message.role === 'ASSISTANT') shown.look(message);
      this.look();
    });
    return [chat, conversation];
  }
}
