import type { TokenBatch } from '../../protocol/generated/schema-types.ts';

/**
 * Publishes one batch with its retries; resolves whether subscribers were given it, and never throws (I7). No further try
 * is begun once `signal` is aborted.
 */
export type Publish = (batch: TokenBatch, signal?: AbortSignal) => Promise<boolean>;

/** What a batch has beyond the fields that are the same for a whole attempt; the publisher stamps its time. */
export type QueuedBatch = Omit<TokenBatch, 'publishedAt'>;

/**
 * Publishes in order, one at a time. A batch that fails is given up after its retries: its `seq` is then missing for
 * ever, which catch-up heals. Once END waits, a failure also gives up what waits before it: each of those batches could take
 * 9 s to fail, while readers without END and the worker's time wait for them.
 */
export class BatchPublisher {
  readonly #publish: Publish;
  readonly #now: () => number;
  readonly #onIdleSlot: () => void;
  readonly #queue: QueuedBatch[] = [];
  readonly #stop = new AbortController();
  #isRunning = false;
  #isFailing = false;
  #settled: Promise<void> = Promise.resolve();
  #lastAt: number;
  #published = 0;
  #failed = 0;

  /** `onIdleSlot` is called whenever the queue has become empty while its last batch is in flight. */
  constructor(publish: Publish, now: () => number, onIdleSlot: () => void) {
    this.#publish = publish;
    this.#now = now;
    this.#onIdleSlot = onIdleSlot;
    this.#lastAt = now();
  }

  /** Batches subscribers were given. */
  get published(): number {
    return this.#published;
  }

  /** Batches given up. */
  get failed(): number {
    return this.#failed;
  }

  /** Batches that wait behind the one in flight. */
  get waiting(): number {
    return this.#queue.length;
  }

  /** For how long nothing was published or is being published. */
  get silentMs(): number {
    return this.#isRunning ? 0 : this.#now() - this.#lastAt;
  }

  /** Queues a batch; it leaves when those before it have settled. Does nothing after `stop`. */
  push(batch: QueuedBatch): void {
    if (this.#stop.signal.aborted) return;
    this.#queue.push(batch);
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#settled = this.#run();
  }

  /** Drops what waits and begins no further try of what is in flight: a fenced attempt publishes no more text (I4). */
  stop(): void {
    this.#queue.length = 0;
    this.#stop.abort();
  }

  /** Resolves when everything queued so far was published or given up. */
  async settled(): Promise<void> {
    await this.#settled;
  }

  async #run(): Promise<void> {
    for (let batch = this.#next(); batch; batch = this.#next()) {
      this.#lastAt = this.#now();
      const publishedAt = new Date(this.#lastAt).toISOString();
      const publishing = this.#publish({ ...batch, publishedAt }, this.#stop.signal);
      if (this.#queue.length === 0) this.#onIdleSlot();
      this.#isFailing = !(await publishing);
      if (this.#isFailing) this.#failed += 1;
      else this.#published += 1;
      this.#lastAt = this.#now();
    }
    this.#isRunning = false;
  }

  #next(): QueuedBatch | undefined {
    if (this.#isFailing && this.#queue.at(-1)?.kind === 'END')
      this.#failed += this.#queue.splice(0, this.#queue.length - 1).length;
    return this.#queue.shift();
  }
}
