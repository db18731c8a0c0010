import { ERRORS } from '../../protocol/errors.ts';
import type { AssistantMessageItem } from '../../protocol/items.ts';
import { SSE_RETRY_MS } from '../../protocol/limits.ts';
import { messageBatch, type MessageBatch } from '../generation/message-batch.ts';
import type { Delta, Sink, Terminal } from '../generation/stream.ts';
import { BodySink } from './body-sink.ts';
import { cursorText, type Cursor } from './cursor.ts';
import { SseBody } from './sse-body.ts';

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
  /** The door's time limit: the answer goes on without this writer. */
  timeOut(): void;
  /** Ends without a terminal batch: reconnect. Does nothing after `end`, `timeOut` or `close`. */
  close(): void;
}

/** An answer writer that writes a body. */
export interface StreamWriter extends AnswerWriter {
  readonly body: ReadableStream<Uint8Array>;
}

/** A generation's sink that writes one answer. */
export function sinkOf(writer: AnswerWriter, message: AssistantMessageItem): Sink {
  return {
    start: () => writer.start(message),
    delta: (delta) => writer.delta(message, delta),
    end: (terminal) => writer.end(message, terminal),
    leave: () => writer.close(),
  };
}

/** The native SSE form: `id`, `event: batch`, one `data` line; comments keep the connection awake (PROTOCOL.md, HTTP). */
export class SseWriter implements StreamWriter {
  readonly #sse: SseBody;
  readonly #now: () => number;
  #text: number;
  #reasoning: number;

  /** `from`: what the reader holds already, counted on in the ids. */
  constructor(now: () => number, from?: Cursor) {
    this.#sse = new SseBody(now);
    this.#now = now;
    this.#text = from?.text ?? 0;
    this.#reasoning = from?.reasoning ?? 0;
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

  timeOut(): void {
    this.close();
  }

  close(): void {
    this.#sse.close();
  }

  #event(
    message: AssistantMessageItem,
    fields: Partial<MessageBatch> & Pick<MessageBatch, 'kind' | 'offset'>,
  ): void {
    const batch = { ...messageBatch(message, fields), publishedAt: new Date(this.#now()).toISOString() };
    const held = { attempt: message.attempt, text: this.#text, reasoning: this.#reasoning };
    const id = cursorText(message.id, { ...held, isEnd: fields.kind === 'END' });
    this.#sse.event(JSON.stringify(batch), { id, event: 'batch' });
  }
}

/** The raw text for people at a terminal; an answer that ends badly says so in a last line `[CODE] message`. */
export class TextWriter implements StreamWriter {
  readonly #sink = new BodySink();
  #length = 0;

  get body(): ReadableStream<Uint8Array> {
    return this.#sink.body;
  }

  get isOpen(): boolean {
    return this.#sink.isOpen;
  }

  room(): Promise<void> {
    return this.#sink.room();
  }

  start(): void {
    // Raw text has no way to announce an attempt.
  }

  delta(_message: AssistantMessageItem, delta: Delta): void {
    if (delta.part !== 'TEXT' || delta.offset + delta.text.length <= this.#length) return;
    const fresh = delta.text.slice(Math.max(0, this.#length - delta.offset));
    this.#length = delta.offset + delta.text.length;
    this.#sink.write(fresh);
  }

  end(_message: AssistantMessageItem, terminal: Terminal): void {
    const { error } = terminal.end;
    if (error) this.#sink.write(`\n[${error.code}] ${error.message}\n`);
    else this.#sink.write(terminal.status === 'CANCELLED' ? '\n[CANCELLED]\n' : '\n');
    this.close();
  }

  timeOut(): void {
    this.#sink.write(`\n[DEADLINE] ${ERRORS.DEADLINE.message}\n`);
    this.close();
  }

  close(): void {
    this.#sink.close();
  }
}
