import { SSE_HEARTBEAT_MS } from '../../protocol/limits.ts';
import { BodySink } from './body-sink.ts';

/** What an event has besides its data. */
export interface SseFields {
  /** The cursor of a reader that has this event. */
  readonly id?: string;
  readonly event?: string;
}

/**
 * A body of server-sent events: LF only, one `data` line each, one write each. A comment `: hb` follows 10 s of silence. The
 * bounds are those of BodySink.
 */
export class SseBody {
  readonly #sink = new BodySink();
  readonly #now: () => number;
  readonly #heartbeat: ReturnType<typeof setInterval>;
  #lastAt: number;

  /** Holds a timer until it is closed. */
  constructor(now: () => number) {
    this.#now = now;
    this.#lastAt = now();
    this.#heartbeat = setInterval(() => {
      // A full body is not silent, and whoever waits for its room has not given it up.
      if (this.#sink.hasRoom && this.#now() - this.#lastAt >= SSE_HEARTBEAT_MS) this.write(': hb\n\n');
    }, SSE_HEARTBEAT_MS / 10);
  }

  get body(): ReadableStream<Uint8Array> {
    return this.#sink.body;
  }

  get isOpen(): boolean {
    return this.#sink.isOpen;
  }

  get hasRoom(): boolean {
    return this.#sink.hasRoom;
  }

  room(): Promise<void> {
    return this.#sink.room();
  }

  /** Writes one event; `data` holds no line break. */
  event(data: string, fields: SseFields = {}): void {
    this.write(eventText(data, fields));
  }

  /** Writes lines as they are, comments for example. */
  write(text: string): void {
    this.#lastAt = this.#now();
    this.#sink.write(text);
  }

  /** Ends the body with an event that leaves even when there is no room for it. Does nothing once the body is closed. */
  endWith(data: string, fields: SseFields = {}): void {
    clearInterval(this.#heartbeat);
    this.#sink.endWith(eventText(data, fields));
  }

  close(): void {
    clearInterval(this.#heartbeat);
    this.#sink.close();
  }
}

function eventText(data: string, { id, event }: SseFields): string {
  return `${id === undefined ? '' : `id: ${id}\n`}${event === undefined ? '' : `event: ${event}\n`}data: ${data}\n\n`;
}
