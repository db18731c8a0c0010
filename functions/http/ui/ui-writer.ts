import { ChatError } from '../../../protocol/errors.ts';
import type { AssistantMessageItem } from '../../../protocol/items.ts';
import { SSE_RETRY_MS } from '../../../protocol/limits.ts';
import type { Delta, Terminal } from '../../generation/stream.ts';
import type { StreamWriter } from '../answer-writer.ts';
import { cursorText } from '../cursor.ts';
import { errorBody } from '../door.ts';
import { errorOfEnd } from '../first-event.ts';
import { SseBody } from '../sse-body.ts';
import { metadataOf, type UiChunk, type UiPart } from './ui-chunks.ts';

/** UTF-16 units at which joined deltas leave at once. */
const MAX_JOINED_UNITS = 16_384;

/** Text on its way out, all of one part. */
interface Joined {
  readonly message: AssistantMessageItem;
  readonly part: Delta['part'];
  text: string;
}

/**
 * AI SDK's UI message stream, version 1 (PROTOCOL.md, AI SDK). Deltas that come together leave together, so that a replay is
 * few chunks. The format cannot take text back: where an attempt begins before what was written, the stream ends with an
 * error and the reader asks for it anew. Every stream that ends by the door's will ends with `finish`, `abort` or `error`.
 */
export class UiWriter implements StreamWriter {
  readonly #requestId: string;
  readonly #sse: SseBody;
  #isBegun = false;
  #open: { readonly part: UiPart; readonly id: string } | undefined;
  #parts = 0;
  #text = 0;
  #reasoning = 0;
  #joined: Joined | undefined;
  #flushing: NodeJS.Immediate | undefined;

  /** `requestId` is told with errors that have none of their own. */
  constructor(now: () => number, requestId: string) {
    this.#requestId = requestId;
    this.#sse = new SseBody(now);
    this.#sse.write(`: ok\nretry: ${SSE_RETRY_MS}\n\n`);
  }

  get body(): ReadableStream<Uint8Array> {
    return this.#sse.body;
  }

  get isOpen(): boolean {
    return this.#sse.isOpen;
  }

  room(): Promise<void> {
    return this.#sse.room();
  }

  start(message: AssistantMessageItem): void {
    const isCut = message.resumeOffset < this.#text || message.resumeReasoningOffset < this.#reasoning;
    if (isCut) return this.close();
    this.#flush();
    this.#begin(message);
  }

  delta(message: AssistantMessageItem, { part, offset, text }: Delta): void {
    const fresh = text.slice((part === 'TEXT' ? this.#text : this.#reasoning) - offset);
    if (fresh === '') return;
    if (this.#joined?.part !== part || this.#joined.text.length + fresh.length > MAX_JOINED_UNITS)
      this.#flush();
    this.#joined ??= { message, part, text: '' };
    this.#joined.text += fresh;
    if (part === 'TEXT') this.#text += fresh.length;
    else this.#reasoning += fresh.length;
    this.#flushing ??= setImmediate(() => this.#flush());
  }

  end(message: AssistantMessageItem, { status, end }: Terminal): void {
    if (end.length < this.#text || end.reasoningLength < this.#reasoning) return this.close();
    this.#flush();
    this.#begin(message);
    const error = errorOfEnd(end);
    if (error) return this.#fail(error, message);
    this.#finishStep();
    if (status === 'CANCELLED') this.#marked(message, { type: 'abort' }, true);
    else this.#marked(message, { type: 'finish', messageMetadata: metadataOf(end) }, true);
    this.#sse.endWith('[DONE]');
  }

  timeOut(): void {
    this.#flush();
    this.#fail(new ChatError('DEADLINE'));
  }

  /** Ends with the error of an answer that this body could not follow to its end. */
  close(): void {
    this.#flush();
    this.#fail(new ChatError('INTERNAL'));
  }

  #begin(message: AssistantMessageItem): void {
    if (this.#isBegun) return;
    this.#isBegun = true;
    this.#chunk({ type: 'start', messageId: message.id });
    this.#chunk({ type: 'start-step' });
  }

  #flush(): void {
    clearImmediate(this.#flushing);
    this.#flushing = undefined;
    const joined = this.#joined;
    this.#joined = undefined;
    if (!joined) return;
    const { message, text } = joined;
    this.#begin(message);
    const part = joined.part === 'TEXT' ? 'text' : 'reasoning';
    const id = this.#partId(part);
    this.#marked(message, { type: `${part}-delta`, id, delta: text });
  }

  /** The id of the open part of this kind; a change of kind ends one and opens the next. */
  #partId(part: UiPart): string {
    if (this.#open?.part !== part) {
      this.#endPart();
      this.#parts += 1;
      this.#open = { part, id: String(this.#parts) };
      this.#chunk({ type: `${part}-start`, id: this.#open.id });
    }
    return this.#open.id;
  }

  #endPart(): void {
    if (this.#open) this.#chunk({ type: `${this.#open.part}-end`, id: this.#open.id });
    this.#open = undefined;
  }

  #finishStep(): void {
    this.#endPart();
    if (this.#isBegun) this.#chunk({ type: 'finish-step' });
  }

  /** `ended` is the message when the error is how it ended. */
  #fail(error: ChatError, ended?: AssistantMessageItem): void {
    // The reader has left, or was too far behind.
    if (!this.isOpen) return this.#sse.close();
    const { error: data } = errorBody(error);
    this.#finishStep();
    const requestId = data.requestId ?? this.#requestId;
    this.#chunk({ type: 'data-error', data: { ...data, requestId }, transient: true });
    const chunk: UiChunk = { type: 'error', errorText: error.message };
    if (ended) this.#marked(ended, chunk, true);
    else this.#chunk(chunk);
    this.#sse.endWith('[DONE]');
  }

  #chunk(chunk: UiChunk): void {
    this.#sse.event(JSON.stringify(chunk));
  }

  /** A chunk with the cursor of a reader that has it. */
  #marked(message: AssistantMessageItem, chunk: UiChunk, isEnd = false): void {
    const held = { attempt: message.attempt, text: this.#text, reasoning: this.#reasoning, isEnd };
    this.#sse.event(JSON.stringify(chunk), { id: cursorText(message.id, held) });
  }
}
