import { SSE_HEARTBEAT_MS } from '../../protocol/limits.ts';
import { BodySink } from './body-sink.ts';

/** What an event has besides its data. */
export interface SseFields {
  /** The cursor of a reader that has this event. */
  readonly id?: string;
  readonly event?: string;
}

/** A body of server-sent events, one write each. A comment `: hb` follows 10 s of silence. */
export class SseBody extends BodySink {
  readonly #now: () => number;
  readonly #heartbeat: ReturnType<typeof setInterval>;
  #lastAt: number;

  /** Holds a timer until it is closed. */
  constructor(now: () => number) {
    super();
    this.#now = now;
    this.#lastAt = now();
    this.#heartbeat = setInterval(() => {
      // A full body is not silent, and whoever waits for its room has not given it up.
      if (this.hasRoom && this.#now() - this.#lastAt >= SSE_HEARTBEAT_MS) this.write(': hb\n\n');
    }, SSE_HEARTBEAT_MS / 10);
  }

  /** Writes one event; `data` holds no line break. */
  event(data: string, fields?: SseFields): void {
    this.write(sseEvent(data, fields));
  }

  override write(text: string): void {
    this.#lastAt = this.#now();
    super.write(text);
  }

  override close(): void {
    clearInterval(this.#heartbeat);
    super.close();
  }
}

/** One event with LF only and one `data` line; `data` holds no line break. */
export function sseEvent(data: string, { id, event }: SseFields = {}): string {
  return `${id === undefined ? '' : `id: ${id}\n`}${event === undefined ? '' : `event: ${event}\n`}data: ${data}\n\n`;
}
