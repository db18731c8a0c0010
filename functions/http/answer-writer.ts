import { ERRORS } from '../../protocol/errors.ts';
import type { AssistantMessageItem } from '../../protocol/items.ts';
import { SSE_RETRY_MS } from '../../protocol/limits.ts';
import { messageBatch, type MessageBatch } from '../generation/message-batch.ts';
import type { Delta, Sink, Terminal } from '../generation/stream.ts';
import { BodySink } from './body-sink.ts';
import { cursorText, type Cursor } from './cursor.ts';
import { SseBody } from './sse-body.ts';

/** Why a writer ends before its answer does: the door's time limit, a deletion, or anything else. */
export type CloseReason = 'DEADLINE' | 'NOT_FOUND' | 'INTERNAL';

/** One answer on its way to an HTTP client: fed by a generation as its sink, or by a follower of the log. */
export interface AnswerWriter {
  /** Whether anybody still takes the answer. */
  readonly isOpen: boolean;
  /** Resolves when the reader has taken enough for more to be written, or the writer is closed. */
  room(): Promise<void>;
  /** A new attempt: readers cut to its resume offsets. */
  start(message: AssistantMessageItem): void;
  delta(message: AssistantMessageItem, delta: Delta): void;
  end(message: AssistantMessageItem, terminal: Terminal): void;
  /**
   * Ends without END, INTERNAL unless it says why; forms whose readers cannot come back tell them. Does nothing after `end`
   * or `close`.
   */
  close(why?: CloseReason): void;
}

/** An answer writer that writes a body. */
export interface StreamWriter extends AnswerWriter {
  readonly body: ReadableStream<Uint8Array>;
}

/** What all that write a body share. */
export abstract class BodyWriter<Out extends BodySink> {
  protected readonly out: Out;

  constructor(out: Out) {
    this.out = out;
  }

  get body(): ReadableStream<Uint8Array> {
    return this.out.body;
  }

  get isOpen(): boolean {
    return this.out.isOpen;
  }

  room(): Promise<void> {
    return this.out.room();
  }
}

/** A generation's sink that writes one answer. */
export function sinkOf(writer: AnswerWriter, message: AssistantMessageItem): Sink {
  return {
    start: () => writer.start(message),
    delta: (delta) => writer.delta(message, delta),
    end: (terminal) => writer.end(message, terminal),
    // Whoever runs the generation closes the writer, knowing why.
    leave: () => undefined,
  };
}

/** The native SSE form: `id`, `event: batch`, one `data` line; comments keep the connection awake (PROTOCOL.md, HTTP). */
export class SseWriter extends BodyWriter<SseBody> implements StreamWriter {
  readonly #now: () => number;
  #text: number;
  #reasoning: number;

  /** `from`: what the reader holds already, counted on in the ids. */
  constructor(now: () => number, from?: Cursor) {
    super(new SseBody(now));
    this.#now = now;
    this.#text = from?.text ?? 0;
    this.#reasoning = from?.reasoning ?? 0;
    this.out.write(`: ok\nretry: ${SSE_RETRY_MS}\n\n`);
  }

  start(message: AssistantMessageItem): void {
    // The cursor counts what the reader has: one that began late still lacks text of earlier attempts.
    this.#text = Math.min(this.#text, message.resumeOffset);
    this.#reasoning = Math.min(this.#reasoning, message.resumeReasoningOffset);
    this.#event(message, { kind: 'START', offset: message.resumeOffset });
  }

  delta(message: AssistantMessageItem, delta: Delta): void {
    if (delta.part === 'TEXT') this.#text = delta.offset + delta.text.length;
    else this.#reasoning = delta.offset + delta.text.length;
    this.#event(message, { kind: 'DELTA', ...delta });
  }

  end(message: AssistantMessageItem, terminal: Terminal): void {
    this.#text = terminal.end.length;
    this.#reasoning = terminal.end.reasoningLength;
    this.#event(message, { kind: 'END', offset: terminal.end.length, ...terminal });
    this.close();
  }

  close(): void {
    this.out.close();
  }

  #event(
    message: AssistantMessageItem,
    fields: Partial<MessageBatch> & Pick<MessageBatch, 'kind' | 'offset'>,
  ): void {
    const batch = { ...messageBatch(message, fields), publishedAt: new Date(this.#now()).toISOString() };
    const held = { attempt: message.attempt, text: this.#text, reasoning: this.#reasoning };
    const id = cursorText(message.id, { ...held, isEnd: fields.kind === 'END' });
    this.out.event(JSON.stringify(batch), { id, event: 'batch' });
  }
}

/** The raw text for people at a terminal; one that ends badly, or before the answer does, says so in a last line `[CODE] message`. */
export class TextWriter extends BodyWriter<BodySink> implements StreamWriter {
  #length = 0;

  constructor() {
    super(new BodySink());
  }

  start(): void {
    // Raw text has no way to announce an attempt.
  }

  delta(_message: AssistantMessageItem, delta: Delta): void {
    if (delta.part !== 'TEXT' || delta.offset + delta.text.length <= this.#length) return;
    const fresh = delta.text.slice(Math.max(0, this.#length - delta.offset));
    this.#length = delta.offset + delta.text.length;
    if (this.out.hasRoom) this.out.write(fresh);
    else this.close();
  }

  end(_message: AssistantMessageItem, { status, end: { error } }: Terminal): void {
    if (error) this.out.endWith(`\n[${error.code}] ${error.message}\n`);
    else this.out.endWith(status === 'CANCELLED' ? '\n[CANCELLED]\n' : '\n');
  }

  close(why: CloseReason = 'INTERNAL'): void {
    this.out.endWith(`\n[${why}] ${ERRORS[why].message}\n`);
  }
}
