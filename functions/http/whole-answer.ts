import { ChatError } from '../../protocol/errors.ts';
import type { AssistantMessageItem } from '../../protocol/items.ts';
import type { Delta, Terminal } from '../generation/stream.ts';
import type { AnswerWriter, CloseReason } from './answer-writer.ts';

/** An answer for somebody who waits for all of it: nothing is written before END. */
export class WholeWriter implements AnswerWriter {
  readonly #outcome = Promise.withResolvers<AssistantMessageItem | CloseReason>();
  #isOpen = true;
  #text = '';
  #reasoning = '';

  /**
   * Resolves with the message as it ended: as it is stored, but with its text and reasoning whole. Throws DEADLINE at the
   * door's limit, after which the answer goes on, NOT_FOUND when it was deleted meanwhile, and INTERNAL when its stream failed.
   */
  async answer(): Promise<AssistantMessageItem> {
    const outcome = await this.#outcome.promise;
    if (typeof outcome === 'string') throw new ChatError(outcome);
    return outcome;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  room(): Promise<void> {
    return Promise.resolve();
  }

  start({ resumeOffset, resumeReasoningOffset }: AssistantMessageItem): void {
    this.#text = this.#text.slice(0, resumeOffset);
    this.#reasoning = this.#reasoning.slice(0, resumeReasoningOffset);
  }

  delta(_message: AssistantMessageItem, { part, text }: Delta): void {
    if (part === 'TEXT') this.#text += text;
    else this.#reasoning += text;
  }

  end(message: AssistantMessageItem, { status, end }: Terminal): void {
    const text = this.#text.slice(0, end.length);
    const reasoning = this.#reasoning.slice(0, end.reasoningLength);
    this.#conclude({ ...message, status, end, model: end.model ?? null, text, reasoning });
  }

  close(why: CloseReason = 'INTERNAL'): void {
    this.#conclude(why);
  }

  #conclude(outcome: AssistantMessageItem | CloseReason): void {
    this.#isOpen = false;
    this.#outcome.resolve(outcome);
  }
}
