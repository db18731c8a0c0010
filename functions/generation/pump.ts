import type { TokenBatch } from '../../protocol/generated/schema-types.ts';
import type { AssistantMessageItem } from '../../protocol/items.ts';
import { HEARTBEAT_MS } from '../../protocol/limits.ts';
import {
  batchSent,
  dueAt,
  startPacing,
  unitsDue,
  type PacingState,
  type PacingWindows,
} from '../../protocol/pacing.ts';
import { BatchPublisher, type Publish, type QueuedBatch } from './batch-publisher.ts';
import type { Clock } from './clock.ts';
import type { LogWriter } from './log-writer.ts';
import { messageBatch } from './message-batch.ts';
import type { Delta, Sink, Terminal } from './stream.ts';

/** What the pump writes to and tells. */
export interface PumpPorts {
  readonly log: Pick<LogWriter, 'write' | 'logged'>;
  readonly publish: Publish;
  readonly clock: Clock;
  /** The log refused: fenced, or denied for good. Told once; nothing is logged or published afterwards. */
  readonly onFailure: (error: unknown) => void;
}

interface Pending {
  readonly part: Delta['part'];
  offset: number;
  text: string;
  since: number;
}

/**
 * The log-and-publish sink: batches by pacing, writes each batch to its slot first, then publishes it, so nobody on the
 * subscription sees text that the database does not hold (I7). Both are single flight; writing batch n+1 may overlap
 * publishing batch n, and the next batch is all that piled up meanwhile.
 */
export class Pump implements Sink {
  readonly #message: AssistantMessageItem;
  readonly #ports: PumpPorts;
  readonly #publisher: BatchPublisher;
  readonly #pending: Pending[] = [];
  readonly #stop = new AbortController();
  readonly #drained = Promise.withResolvers<void>();
  #pacing: PacingState;
  #seq = 0;
  #lastLogged = { seq: 0, textLength: 0 };
  #isWriting = false;
  #written: Promise<void> = Promise.resolve();
  #isClosing = false;
  #isOpen = true;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #heartbeat: ReturnType<typeof setInterval> | undefined;

  constructor(message: AssistantMessageItem, windows: PacingWindows, ports: PumpPorts) {
    this.#message = message;
    this.#ports = ports;
    this.#pacing = startPacing(windows);
    this.#lastLogged.textLength = message.resumeOffset;
    this.#publisher = new BatchPublisher(
      ports.publish,
      () => ports.clock.now(),
      () => this.#schedule(),
    );
    this.#drained.promise.catch(() => undefined);
  }

  /** Batches published and given up, and batches in the log. */
  get counts(): { publishes: number; publishFailures: number; logged: number } {
    return {
      publishes: this.#publisher.published,
      publishFailures: this.#publisher.failed,
      logged: this.#ports.log.logged,
    };
  }

  start(): void {
    this.#publisher.push(this.#batch('START', { seq: this.#takeSeq(), offset: this.#message.resumeOffset }));
    this.#heartbeat = setInterval(() => this.#beat(), HEARTBEAT_MS / 5);
  }

  delta(delta: Delta): void {
    const last = this.#pending.at(-1);
    if (last && last.part === delta.part) last.text += delta.text;
    else
      this.#pending.push({
        part: delta.part,
        offset: delta.offset,
        text: delta.text,
        since: this.#ports.clock.now(),
      });
    this.#schedule();
  }

  /** Writes all that is pending to the log, without waiting for publishes; throws when the log refused. */
  async flush(): Promise<void> {
    this.#isClosing = true;
    this.#schedule();
    await this.#drained.promise;
  }

  end(terminal: Terminal): void {
    this.#quiet();
    const length = terminal.end.length;
    this.#publisher.push(
      this.#batch('END', {
        seq: this.#takeSeq(),
        offset: length,
        status: terminal.status,
        end: terminal.end,
      }),
    );
  }

  leave(): void {
    this.#quiet();
    this.#publisher.stop();
  }

  /** Resolves when the log write in flight is over and every queued publish was made or given up. */
  async settled(): Promise<void> {
    await this.#written;
    await this.#publisher.settled();
  }

  #quiet(): void {
    this.#isOpen = false;
    clearTimeout(this.#timer);
    clearInterval(this.#heartbeat);
    this.#stop.abort();
  }

  #takeSeq(): number {
    const seq = this.#seq;
    this.#seq += 1;
    return seq;
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    if (!this.#isOpen || this.#isWriting) return;
    const head = this.#pending[0];
    if (!head) {
      if (this.#isClosing) this.#drained.resolve();
      return;
    }
    if (this.#publisher.waiting > 0 && !this.#isClosing) return;
    const now = this.#ports.clock.now();
    const waiting = {
      text: head.text,
      since: head.since,
      isFinal: this.#isClosing || this.#pending.length > 1,
    };
    const units = unitsDue(this.#pacing, waiting, now);
    if (units > 0) this.#written = this.#write(head, units, now);
    else this.#timer = setTimeout(() => this.#schedule(), Math.max(1, dueAt(this.#pacing, waiting) - now));
  }

  async #write(head: Pending, units: number, now: number): Promise<void> {
    this.#isWriting = true;
    const delta: Delta = { part: head.part, offset: head.offset, text: head.text.slice(0, units) };
    head.text = head.text.slice(units);
    head.offset += units;
    head.since = now;
    if (head.text === '') this.#pending.shift();
    const seq = this.#takeSeq();
    const sent = batchSent(this.#pacing, now);
    this.#pacing = sent.state;
    try {
      await this.#ports.log.write(seq, delta, this.#stop.signal);
    } catch (error) {
      this.#fail(error);
      return;
    }
    if (!this.#isOpen) return;
    this.#lastLogged = {
      seq,
      textLength: delta.part === 'TEXT' ? delta.offset + delta.text.length : this.#lastLogged.textLength,
    };
    this.#publisher.push(this.#batch('DELTA', { seq, ...delta, nextWithinMs: sent.nextWithinMs }));
    this.#isWriting = false;
    this.#schedule();
  }

  #fail(error: unknown): void {
    if (!this.#isOpen) return;
    this.leave();
    this.#drained.reject(error);
    this.#ports.onFailure(error);
  }

  /** Tells subscribers during silence that the worker lives; repeats the last logged seq and is not part of the sequence. */
  #beat(): void {
    if (this.#publisher.silentMs < HEARTBEAT_MS) return;
    this.#publisher.push(
      this.#batch('HEARTBEAT', { seq: this.#lastLogged.seq, offset: this.#lastLogged.textLength }),
    );
  }

  #batch(
    kind: TokenBatch['kind'],
    { seq, ...fields }: Partial<QueuedBatch> & { seq: number; offset: number },
  ): QueuedBatch {
    return { ...messageBatch(this.#message, { kind, ...fields }), seq };
  }
}
