import { ERRORS } from '../../protocol/errors.ts';
import type { AssistantMessageItem } from '../../protocol/items.ts';
import { SSE_HEARTBEAT_MS, SSE_RETRY_MS } from '../../protocol/limits.ts';
import { messageBatch, type MessageBatch } from '../generation/message-batch.ts';
import type { Delta, Sink, Terminal } from '../generation/stream.ts';
import { BodySink } from './body-sink.ts';
import { cursorText, type Cursor } from './cursor.ts';

/** One answer written to an HTTP body: fed by a generation as its sink, or by a follower of the log. */
export interface AnswerWriter {
  readonly body: ReadableStream<Uint8Array>;
  readonly isOpen: boolean;
  /** Resolves when the reader has taken enough for more to be written, or the body is closed. */
  room(): Promise<void>;
  /** A new attempt: readers cut to its resume offsets. */
  start(message: AssistantMessageItem): void;
  delta(message: AssistantMessageItem, delta: Delta): void;
  end(message: AssistantMessageItem, terminal: Terminal): void;
  /** The door's time limit: the answer goes on without this body. */
  timeOut(): void;
  /** Ends the body without a terminal batch: reconnect. */
  close(): void;
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
export class SseWriter implements AnswerWriter {
  readonly #sink = new BodySink();
  readonly #now: () => number;
  readonly #heartbeat: ReturnType<typeof setInterval>;
  #lastAt: number;
  #text: number;
  #reasoning: number;

  /** `from`: what the reader holds already, counted on in the ids. */
  constructor(now: () => number, from?: Cursor) {
    this.#now = now;
    this.#text = from?.text ?? 0;
    this.#reasoning = from?.reasoning ?? 0;
    this.#lastAt = now();
    this.#write(`: ok\nretry: ${SSE_RETRY_MS}\n\n`);
    this.#heartbeat = setInterval(() => {
      // A full body is not silent, and whoever waits for its room has not given it up.
      if (this.#sink.hasRoom && this.#now() - this.#lastAt >= SSE_HEARTBEAT_MS) this.#write(': hb\n\n');
    }, SSE_HEARTBEAT_MS / 10);
  }

  get body(): ReadableStream<Uint8Array> {
    return this.#sink.body;
  }

  get isOpen(): boolean {
    return this.#sink.isOpen;
  }

  room(): Promise<void> {
    return this.#sink.room();
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
    clearInterval(this.#heartbeat);
    this.#sink.close();
  }

  #event(
    message: AssistantMessageItem,
    fields: Partial<MessageBatch> & Pick<MessageBatch, 'kind' | 'offset'>,
  ): void {
    const batch = { ...messageBatch(message, fields), publishedAt: new Date(this.#now()).toISOString() };
    const held = { attempt: message.attempt, text: this.#text, reasoning: this.#reasoning };
    const cursor = cursorText(message.id, { ...held, isEnd: fields.kind === 'END' });
    this.#write(`id: ${cursor}\nevent: batch\ndata: ${JSON.stringify(batch)}\n\n`);
  }

  #write(text: string): void {
    this.#lastAt = this.#now();
    this.#sink.write(text);
  }
}

/** The raw text for people at a terminal; an answer that ends badly says so in a last line `[CODE] message`. */
export class TextWriter implements AnswerWriter {
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
