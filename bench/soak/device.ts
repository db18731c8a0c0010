import { createAmplifyTransport } from '../../client/amplify-transport.ts';
import {
  createChatClient,
  type ChatAuth,
  type ChatClient,
  type Conversation,
  type ConversationState,
  type Transport,
} from '../../client/index.ts';
import { ShownAnswers } from './shown-answers.ts';
import { within } from './within.ts';

/** What a device is opened with. */
export interface DeviceOptions {
  readonly graphqlUrl: string;
  readonly auth: ChatAuth;
  readonly conversationId: string;
  /** Told of every question for missing text that a client asks. */
  readonly asked: () => void;
}

/**
 * One browser tab: the client library over the real Amplify, with everything it ever showed. A reload closes the client and opens
 * another, as a page would.
 */
export class Device {
  readonly #options: DeviceOptions;
  readonly #shown: ShownAnswers[] = [];
  readonly #waiters = new Set<() => void>();
  #chat: ChatClient;
  #conversation: Conversation;
  #wake: () => void = () => undefined;

  constructor(options: DeviceOptions) {
    this.#options = options;
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

  /** As a page that becomes visible again. */
  wake(): void {
    this.#wake();
  }

  close(): void {
    this.#chat.close();
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

  /** What `look` finds in the first snapshot in which it finds something, now or later, over reloads. @throws Stuck */
  async until<Found>(
    look: (state: ConversationState) => Found | undefined,
    withinMs: number,
    what: string,
  ): Promise<Found> {
    let lookAgain: () => void = () => undefined;
    const found = new Promise<Found>((resolve) => {
      lookAgain = () => {
        const value = look(this.state);
        if (value !== undefined) resolve(value);
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
    const transport: Transport = {
      ...amplify,
      query: (document, variables) => {
        if (document.includes('messageState(')) asked();
        return amplify.query(document, variables);
      },
    };
    const wakeSource = {
      listen: (listener: () => void) => {
        this.#wake = listener;
        return () => undefined;
      },
    };
    const chat = createChatClient({ transport, wakeSource });
    const conversation = chat.conversation(conversationId);
    const shown = new ShownAnswers();
    this.#shown.push(shown);
    conversation.subscribe(({ messages }) => {
      for (const message of messages) if (message.role === 'ASSISTANT') shown.look(message);
      for (const look of [...this.#waiters]) look();
    });
    return [chat, conversation];
  }
}
