import { ChatError, isErrorCode } from '../../protocol/errors.ts';
import type { GenerationEnd } from '../../protocol/generated/schema-types.ts';
import type { AssistantMessageItem } from '../../protocol/items.ts';
import { FIRST_EVENT_PATIENCE_MS } from '../../protocol/limits.ts';
import type { Delta, Terminal } from '../generation/stream.ts';
import type { AnswerWriter, CloseReason } from './answer-writer.ts';

/** The error of a FAILED or INTERRUPTED answer as one that a door can answer with; undefined for every other end. */
export function errorOfEnd(end: Pick<GenerationEnd, 'error'> | null): ChatError | undefined {
  const error = end?.error;
  if (!error) return undefined;
  const { code, retryAfterMs, requestId } = error;
  const details = { retryAfterMs: retryAfterMs ?? undefined, requestId: requestId ?? undefined };
  return new ChatError(isErrorCode(code) ? code : 'INTERNAL', details);
}

/** Passes an answer on to a writer and tells how it begins, so that an HTTP status can wait for that. */
export class FirstEventWriter<Writer extends AnswerWriter> implements AnswerWriter {
  readonly writer: Writer;
  readonly #failure = Promise.withResolvers<ChatError | undefined>();

  constructor(writer: Writer) {
    this.writer = writer;
  }

  /**
   * Resolves with the error of an answer that ended before the model wrote anything: its own, or why its writer was
   * closed. Undefined as soon as the model has written, the answer ended well, or nothing happened for `patienceMs`.
   */
  async failure(patienceMs: number = FIRST_EVENT_PATIENCE_MS): Promise<ChatError | undefined> {
    const patience = setTimeout(() => this.#failure.resolve(undefined), patienceMs);
    try {
      return await this.#failure.promise;
    } finally {
      clearTimeout(patience);
    }
  }

  get isOpen(): boolean {
    return this.writer.isOpen;
  }

  room(): Promise<void> {
    return this.writer.room();
  }

  start(message: AssistantMessageItem): void {
    this.writer.start(message);
  }

  delta(message: AssistantMessageItem, delta: Delta): void {
    this.writer.delta(message, delta);
    this.#failure.resolve(undefined);
  }

  end(message: AssistantMessageItem, terminal: Terminal): void {
    this.writer.end(message, terminal);
    this.#failure.resolve(errorOfEnd(terminal.end));
  }

  close(why: CloseReason = 'INTERNAL'): void {
    this.writer.close(why);
    this.#failure.resolve(new ChatError(why));
  }
}
