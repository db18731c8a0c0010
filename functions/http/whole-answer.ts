import { ChatError, isErrorCode } from '../../protocol/errors.ts';
import type { AssistantMessageItem } from '../../protocol/items.ts';
import type { Delta, Terminal } from '../generation/stream.ts';
import type { Table } from '../table/table.ts';
import type { AnswerWriter } from './answer-writer.ts';
import { errorResponse, jsonResponse } from './door.ts';
import { messageJson } from './message-json.ts';
import { readNamedMessage } from './named-message.ts';

/** How an answer that is waited for came out: `closed` when its stream ended without END. */
export type Outcome =
  | { readonly kind: 'ended'; readonly message: AssistantMessageItem }
  | { readonly kind: 'timedOut' }
  | { readonly kind: 'closed' };

/** An answer for somebody who waits for all of it: nothing is written before END. */
export class WholeWriter implements AnswerWriter {
  readonly outcome: Promise<Outcome>;
  #settle: ((outcome: Outcome) => void) | undefined;
  #text = '';
  #reasoning = '';

  constructor() {
    this.outcome = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  get isOpen(): boolean {
    return this.#settle !== undefined;
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

  /** `message` is then as it is stored, but with its text and reasoning whole. */
  end(message: AssistantMessageItem, { status, end }: Terminal): void {
    const text = this.#text.slice(0, end.length);
    const reasoning = this.#reasoning.slice(0, end.reasoningLength);
    const model = end.model ?? null;
    this.#conclude({ kind: 'ended', message: { ...message, status, end, model, text, reasoning } });
  }

  timeOut(): void {
    this.#conclude({ kind: 'timedOut' });
  }

  close(): void {
    this.#conclude({ kind: 'closed' });
  }

  #conclude(outcome: Outcome): void {
    this.#settle?.(outcome);
    this.#settle = undefined;
  }
}

/**
 * The answer as JSON once it has ended; for a FAILED one the status and body of its error, under the id of the request that
 * failed. Throws DEADLINE at the door's limit, after which the answer goes on, NOT_FOUND when it was deleted meanwhile, and
 * INTERNAL when its stream failed.
 */
export async function wholeResponse(
  table: Table,
  { owner, conversationId, id: messageId }: AssistantMessageItem,
  { outcome }: WholeWriter,
  requestId: string,
): Promise<Response> {
  const came = await outcome;
  if (came.kind === 'timedOut') throw new ChatError('DEADLINE');
  if (came.kind !== 'ended') {
    await readNamedMessage(table, { owner, conversationId, messageId });
    throw new ChatError('INTERNAL', { cause: new Error('The stream of the answer closed without END') });
  }
  const { message } = came;
  if (message.status !== 'FAILED') return jsonResponse(messageJson(message), requestId);
  const { code, retryAfterMs, requestId: failedId } = message.end?.error ?? {};
  const failure = new ChatError(isErrorCode(code) ? code : 'INTERNAL', {
    retryAfterMs: retryAfterMs ?? undefined,
    requestId: failedId ?? requestId,
  });
  return errorResponse(failure, requestId);
}
