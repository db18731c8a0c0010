import { ChatError } from '../../../protocol/errors.ts';
import type { AssistantMessageItem } from '../../../protocol/items.ts';
import { SSE_RETRY_MS } from '../../../protocol/limits.ts';
import type { Delta, Terminal } from '../../generation/stream.ts';
import { BodyWriter, type CloseReason, type StreamWriter } from '../answer-writer.ts';
import { cursorText } from '../cursor.ts';
import { errorBody } from '../door.ts';
import { errorOfEnd } from '../first-event.ts';
import { SseBody, sseEvent, type SseFields } from '../sse-body.ts';
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
 * error and the reader asks for it anew. Every stream that ends by the door's will ends with `finish`, `abort` or `error`,
 * also for a reader that is too far behind.
 */
export class UiWriter extends BodyWriter<SseBody> implements StreamWriter {
  readonly #requestId: string;
  #isBegun = false;
  #open: { readonly part: UiPart; readonly id: string } | undefined;
  #parts = 0;
  #text = 0;
  #reasoning = 0;
  #joined: Joined | undefined;
  #flushing: NodeJS.Immediate | undefined;

  /** `requestId` is told with errors that have none of their own. */
  constructor(now: () => number, requestId: string) {
    super(new SseBody(now));
    this.#requestId = requestId;
    this.out.write(`: ok\nretry: ${SSE_RETRY_MS}\n\n`);
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
    const last: UiChunk =
      status === 'CANCELLED' ? { type: 'abort' } : { type: 'finish', messageMetadata: metadataOf(end) };
    this.#endWith(error ? this.#failure(error) : [last], message);
  }

  /** Ends with the error of an answer that this body does not follow to its end. */
  close(why: CloseReason = 'INTERNAL'): void {
    this.#flush();
    this.#endWith(this.#failure(new ChatError(why)));
  }

  #begin(message: AssistantMessageItem): void {
    if (this.#isBegun) return;
    this.#write({ type: 'start', messageId: message.id });
    this.#write({ type: 'start-step' });
    this.#isBegun = true;
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
    this.#write({ type: `${part}-delta`, id, delta: text }, this.#cursor(message, false));
  }

  /** The id of the open part of this kind; a change of kind ends one and opens the next. */
  #partId(part: UiPart): string {
    if (this.#open?.part === part) return this.#open.id;
    for (const chunk of this.#partEnd()) this.#write(chunk);
    this.#open = undefined;
    this.#parts += 1;
    const id = String(this.#parts);
    this.#write({ type: `${part}-start`, id });
    this.#open = { part, id };
    return id;
  }

  #partEnd(): readonly UiChunk[] {
    return this.#open ? [{ type: `${this.#open.part}-end`, id: this.#open.id }] : [];
  }

  #failure(error: ChatError): readonly UiChunk[] {
    const { error: data } = errorBody(error);
    const requestId = data.requestId ?? this.#requestId;
    return [
      { type: 'data-error', data: { ...data, requestId }, transient: true },
      { type: 'error', errorText: error.message },
    ];
  }

  /** The last chunks, for which there always is room; `ended` is the message when they are how it ended. */
  #endWith(chunks: readonly UiChunk[], ended?: AssistantMessageItem): void {
    const step: readonly UiChunk[] = this.#isBegun ? [{ type: 'finish-step' }] : [];
    const events = [...this.#partEnd(), ...step, ...chunks].map((chunk) => JSON.stringify(chunk));
    const last = events.length - 1;
    this.out.endWith(
      ...events.map((data, index) =>
        sseEvent(data, ended && index === last ? this.#cursor(ended, true) : {}),
      ),
      sseEvent('[DONE]'),
    );
  }

  /** Writes a chunk; a reader that is too far behind for it is told so instead, because a bare end says that all is well. */
  #write(chunk: UiChunk, fields: SseFields = {}): void {
    if (this.out.hasRoom) this.out.event(JSON.stringify(chunk), fields);
    else this.close();
  }

  /** The cursor of a reader that has the chunk. */
  #cursor({ id, attempt }: AssistantMessageItem, isEnd: boolean): SseFields {
    return { id: cursorText(id, { attempt, text: this.#text, reasoning: this.#reasoning, isEnd }) };
  }
}
