import type { ChatError } from '../protocol/errors.ts';
import type { Pauses } from './backoff.ts';
import type { KeptSend } from './kept-sends.ts';
import type { ChatMessage } from './snapshot.ts';

/** What an outbox needs. */
export interface OutboxPorts {
  readonly pauses: Pauses;
  /** @throws ChatError: why nothing can be delivered any more, once the conversation is closed or deleted */
  throwIfEnded(): void;
  /** A delivery failed and is repeated. */
  failed(error: ChatError): void;
}

/** A user message that waits for the service, as the sender sees it. */
export function pendingMessage({ clientMessageId, text, parentId = null }: KeptSend): ChatMessage {
  return {
    id: clientMessageId,
    role: 'USER',
    parentId,
    text,
    reasoning: '',
    status: 'COMPLETE',
    end: null,
    attempt: 1,
    pending: true,
    refusal: null,
    clientMessageId,
    model: null,
    createdAt: null,
    nextWithinMs: 0,
  };
}

/**
 * Delivers operations that are safe to repeat: again after every retryable failure, with backoff, until one answers, is
 * refused for good, or the conversation ends. The operation keeps its ids, so nothing happens twice (I5).
 */
export class Outbox {
  readonly #ports: OutboxPorts;
  #underWay = 0;
  /** By id, with how many sends wait for it: a repeated send shows once; nobody waits for a refused one. */
  readonly #pending = new Map<string, { readonly message: ChatMessage; senders: number }>();

  constructor(ports: OutboxPorts) {
    this.#ports = ports;
  }

  /** Messages that the service has not accepted yet, in the order they were sent. */
  get pending(): readonly ChatMessage[] {
    return [...this.#pending.values()].map(({ message }) => message);
  }

  /** Whether a request is on its way of which the answer may name messages unknown so far; not while it waits to be repeated. */
  get isBusy(): boolean {
    return this.#underWay > 0;
  }

  has(clientMessageId: string): boolean {
    return this.#pending.has(clientMessageId);
  }

  /** Shows a message until it is removed as often as it was added; the first one counts that was not refused. */
  add(message: ChatMessage): void {
    const known = this.#pending.get(message.id);
    if (known?.senders) known.senders += 1;
    else this.#pending.set(message.id, { message, senders: 1 });
  }

  remove(clientMessageId: string): void {
    const known = this.#pending.get(clientMessageId);
    if (!known) return;
    known.senders -= 1;
    if (known.senders === 0) this.#pending.delete(clientMessageId);
  }

  /** Takes back one adding and shows why, until it is discarded. */
  refuse(clientMessageId: string, refusal: ChatError): void {
    const known = this.#pending.get(clientMessageId);
    this.remove(clientMessageId);
    if (known && !this.has(clientMessageId))
      this.#pending.set(clientMessageId, { message: { ...known.message, refusal }, senders: 0 });
  }

  /** Shows a refused message no more; answers whether it was one. */
  discard(clientMessageId: string): boolean {
    return this.#pending.get(clientMessageId)?.senders === 0 && this.#pending.delete(clientMessageId);
  }

  /** @throws ChatError: what the service refused, or why the conversation ended. */
  async deliver<Answer>(operation: () => Promise<Answer>): Promise<Answer> {
    for (let failures = 1; ; failures += 1) {
      this.#ports.throwIfEnded();
      try {
        const answer = await this.#counted(operation);
        this.#ports.throwIfEnded();
        return answer;
      } catch (thrown) {
        this.#ports.throwIfEnded();
        const error = thrown as ChatError;
        if (!error.retryable) throw error;
        this.#ports.failed(error);
        await this.#ports.pauses.afterFailure(failures, error);
      }
    }
  }

  async #counted<Answer>(operation: () => Promise<Answer>): Promise<Answer> {
    this.#underWay += 1;
    try {
      return await operation();
    } finally {
      this.#underWay -= 1;
    }
  }
}
