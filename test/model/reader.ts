import type { Rule } from '../../functions/rules/operations.ts';
import { applyBatch, applyState, emptyMessage, type AssembledMessage } from '../../protocol/assembler.ts';
import type { MessageState, TokenBatch } from '../../protocol/generated/schema-types.ts';
import { host } from './appsync-utils.ts';
import { resolve } from './pipelines.ts';
import type { Truth } from './truth.ts';

/** A client: what it hears on a lossy subscription and what it asks, put together by the production assembler. */
export class Reader {
  readonly #truth: Truth;
  readonly #messages = new Map<string, AssembledMessage>();

  constructor(truth: Truth) {
    this.#truth = truth;
  }

  /** What this reader knows of a message. */
  of(messageId: string): AssembledMessage {
    return this.#messages.get(messageId) ?? emptyMessage(messageId);
  }

  hear(batch: TokenBatch, now: number): void {
    this.#take(applyBatch(this.of(batch.messageId), batch, now));
  }

  /** Catch-up: page after page from what is here, until the last. */
  *ask(conversationId: string, messageId: string, sub: string): Rule<void> {
    for (;;) {
      const { text, reasoning } = this.of(messageId);
      const args = {
        conversationId,
        messageId,
        fromOffset: text.length,
        fromReasoningOffset: reasoning.length,
      };
      const state = (yield* resolve('Query.messageState', args, sub)) as MessageState;
      this.#take(applyState(this.of(messageId), state, host.now));
      if (!state.more || state.text.length + state.reasoning.length === 0) return;
    }
  }

  #take(message: AssembledMessage): void {
    this.#messages.set(message.messageId, message);
    if (!this.#truth.isDeleted) this.#truth.shown(message);
  }
}
