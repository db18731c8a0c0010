import type { Message, TokenBatch } from '../protocol/generated/schema-types.ts';
import { LiveMessage, type LiveMessagePorts } from './live-message.ts';
import { MessageOrder } from './message-order.ts';
import type { ChatMessage } from './snapshot.ts';

/** The stored messages of a conversation that are known, with the answers that repair themselves. */
export class Transcript {
  readonly #ports: LiveMessagePorts;
  readonly #users = new Map<string, ChatMessage>();
  readonly #answers = new Map<string, LiveMessage>();
  readonly #order = new MessageOrder();
  /** Answers of which text is known to be missing. */
  readonly #behind = new Set<string>();
  /** Answers known by a batch alone: a listing tells the rest. */
  readonly #unlisted = new Set<string>();
  /** Those of them whose question is not known either: they are shown together with it. */
  readonly #orphans = new Set<string>();

  constructor(ports: LiveMessagePorts) {
    this.#ports = ports;
  }

  get isEmpty(): boolean {
    return this.#users.size + this.#answers.size === 0;
  }

  /** Whether a batch named a message that no listing was asked for since. */
  get hasUnlisted(): boolean {
    return this.#unlisted.size > 0;
  }

  /** Whether text is known to be missing. */
  get isBehind(): boolean {
    return this.#behind.size > 0;
  }

  get answers(): readonly LiveMessage[] {
    return [...this.#answers.values()];
  }

  find(messageId: string): ChatMessage | undefined {
    return this.#answers.get(messageId)?.shown ?? this.#users.get(messageId);
  }

  /**
   * Takes a batch; one of an unknown message makes it known. An answer to an unknown question is not shown before it: it
   * would stand where no answer belongs until the listing, or the send's own answer, is here.
   */
  hear(batch: TokenBatch): void {
    const { messageId } = batch;
    if (!this.#answers.has(messageId)) {
      this.#unlisted.add(messageId);
      if (!this.#users.has(batch.userMessageId ?? '')) this.#orphans.add(messageId);
    }
    const answer = this.#answer(messageId, batch.userMessageId ?? null);
    answer.hear(batch);
    this.#note(answer);
  }

  /**
   * Takes a message as the service listed or answered it; an answer that is new and not whole is read on at once.
   * `digest`: the SHA-256 of its text, when known already.
   */
  learn(message: Message, digest?: string): void {
    this.#unlisted.delete(message.id);
    this.#orphans.delete(message.id);
    if (message.role === 'ASSISTANT') {
      const isNew = !this.#answers.has(message.id);
      const answer = this.#answer(message.id, message.parentId ?? null);
      answer.learn(message, digest);
      this.#note(answer);
      const isBehind = message.end
        ? message.text.length < message.end.length
        : message.status === 'STREAMING';
      if (isNew && isBehind) answer.catchUp(this.#ports.clock.now());
      return;
    }
    // User messages never change.
    if (this.#users.has(message.id)) return;
    const shown = shownUserMessage(message);
    this.#users.set(message.id, shown);
    this.#order.set(shown);
  }

  /** Takes a listing; whole answers are verified before, so that they show together with what they answer. */
  async learnAll(messages: readonly Message[], change: (learn: () => void) => void): Promise<void> {
    const isWhole = ({ id, end, text }: Message) =>
      end?.length === text.length && this.find(id)?.end?.sha256 !== end.sha256;
    const digests = await Promise.all(
      messages.map(async (message) =>
        // One that cannot be hashed now is verified later.
        isWhole(message) ? await this.#ports.sha256(message.text).catch(() => undefined) : undefined,
      ),
    );
    change(() => messages.forEach((message, index) => this.learn(message, digests[index])));
  }

  /** A listing was asked for: what it does not name is not waited for any more. */
  forgetUnlisted(): void {
    this.#unlisted.clear();
  }

  /** A listing was made: an answer that it did not name is shown without its question. */
  showOrphans(): void {
    for (const messageId of this.#orphans) {
      if (this.#unlisted.has(messageId)) continue;
      this.#orphans.delete(messageId);
      const answer = this.#answers.get(messageId);
      if (answer) this.#note(answer);
    }
  }

  /**
   * What may be shown, oldest first, pending ones last unless they were stored meanwhile. A batch costs no more than a copy
   * of the list.
   */
  shown(pending: readonly ChatMessage[]): readonly ChatMessage[] {
    const stored = this.#order.messages;
    if (pending.length === 0) return stored;
    const accepted = new Set(stored.map((message) => message.role === 'USER' && message.clientMessageId));
    return [...stored, ...pending.filter((message) => !accepted.has(message.clientMessageId))];
  }

  close(): void {
    for (const answer of this.#answers.values()) answer.close();
  }

  #answer(messageId: string, parentId: string | null): LiveMessage {
    const known = this.#answers.get(messageId);
    if (known) return known;
    const answer: LiveMessage = new LiveMessage(messageId, parentId, {
      ...this.#ports,
      changed: () => {
        this.#note(answer);
        this.#ports.changed();
      },
    });
    this.#answers.set(messageId, answer);
    return answer;
  }

  #note(answer: LiveMessage): void {
    if (answer.shown && !this.#orphans.has(answer.id)) this.#order.set(answer.shown);
    if (answer.isBehind) this.#behind.add(answer.id);
    else this.#behind.delete(answer.id);
  }
}

function shownUserMessage(message: Message): ChatMessage {
  return {
    id: message.id,
    role: message.role,
    parentId: message.parentId ?? null,
    text: message.text,
    reasoning: message.reasoning ?? '',
    status: message.status,
    end: message.end ?? null,
    attempt: message.attempt,
    pending: false,
    refusal: null,
    clientMessageId: message.clientMessageId ?? null,
    model: message.model ?? null,
    createdAt: message.createdAt,
    nextWithinMs: 0,
  };
}
