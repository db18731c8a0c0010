import type { Conversation } from '../conversation.ts';
import type { ChatMessage, ConversationState } from '../snapshot.ts';
import type { LeasedStore } from './leases.ts';

/** What a listener wants to hear of: every snapshot, the list of ids, or one message. */
export type FeedTopic = 'state' | 'ids' | { readonly messageId: string };

/**
 * One conversation with listeners by topic: a batch is told to the listeners of the one message it changed, however many
 * messages there are.
 */
export class ConversationFeed implements LeasedStore {
  readonly conversation: Conversation;
  readonly #stop: () => void;
  readonly #listeners = new Map<string, Set<() => void>>();
  #state: ConversationState;
  #ids: readonly string[] = [];
  #byId = new Map<string, ChatMessage>();

  /** Subscribes, and so connects, at once. */
  constructor(conversation: Conversation) {
    this.conversation = conversation;
    this.#state = conversation.getSnapshot();
    this.#indexAnew(this.#state.messages);
    this.#stop = conversation.subscribe((state) => this.#take(state));
    this.#take(conversation.getSnapshot());
  }

  get state(): ConversationState {
    return this.#state;
  }

  /** The ids of the messages, oldest first; the same list until a message comes or goes. */
  get ids(): readonly string[] {
    return this.#ids;
  }

  get isClosed(): boolean {
    return this.conversation.isClosed;
  }

  /** Whether a message is being sent: closing would delay it. */
  get isBusy(): boolean {
    return !this.isClosed && this.#state.messages.some(({ pending, refusal }) => pending && !refusal);
  }

  message(messageId: string): ChatMessage | undefined {
    return this.#byId.get(messageId);
  }

  /** Calls `listener` after every change of its topic; the result ends it and may be called twice. */
  listen(topic: FeedTopic, listener: () => void): () => void {
    const key = keyOf(topic);
    const listeners = this.#listeners.get(key) ?? new Set();
    const own = () => listener();
    this.#listeners.set(key, listeners.add(own));
    return () => {
      listeners.delete(own);
      if (listeners.size === 0 && this.#listeners.get(key) === listeners) this.#listeners.delete(key);
    };
  }

  close(): void {
    this.#stop();
    this.conversation.close();
  }

  #take(state: ConversationState): void {
    if (state === this.#state) return;
    const before = this.#state.messages;
    this.#state = state;
    const changed = this.#index(before, state.messages);
    this.#tell('state');
    for (const key of changed) this.#tell(key);
  }

  /** Takes the messages of a new snapshot; answers what changed about them, by topic. */
  #index(before: readonly ChatMessage[], after: readonly ChatMessage[]): readonly string[] {
    if (before === after) return [];
    const isSameList =
      before.length === after.length && after.every(({ id }, index) => id === before[index]?.id);
    if (isSameList) {
      const changed = after.filter((message, index) => message !== before[index]);
      for (const message of changed) this.#byId.set(message.id, message);
      return changed.map(({ id }) => keyOf({ messageId: id }));
    }
    const known = this.#byId;
    this.#indexAnew(after);
    const ids = new Set([...known.keys(), ...this.#byId.keys()]);
    const changed = [...ids].filter((id) => known.get(id) !== this.#byId.get(id));
    return ['ids', ...changed.map((messageId) => keyOf({ messageId }))];
  }

  #indexAnew(messages: readonly ChatMessage[]): void {
    this.#byId = new Map(messages.map((message) => [message.id, message]));
    this.#ids = [...this.#byId.keys()];
  }

  #tell(key: string): void {
    for (const listener of [...(this.#listeners.get(key) ?? [])]) listener();
  }
}

function keyOf(topic: FeedTopic): string {
  return typeof topic === 'string' ? topic : `message:${topic.messageId}`;
}
