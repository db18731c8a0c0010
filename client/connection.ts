import { ChatError } from '../protocol/errors.ts';
import type { TokenBatch } from '../protocol/generated/schema-types.ts';
import { backoffMs } from './backoff.ts';
import type { Clock } from './clock.ts';
import type { SubscriptionObserver } from './transport.ts';

/** A subscription that is not acknowledged within this time counts as lost; Amplify's own limit is 15 s. */
const ACK_PATIENCE_MS = 10_000;

/** Where the subscription stands; `acknowledged` is the one phase in which batches arrive. */
export type ConnectionPhase = 'idle' | 'connecting' | 'acknowledged' | 'reconnecting' | 'offline' | 'closed';

/** What a connection needs. */
export interface ConnectionPorts {
  readonly clock: Clock;
  readonly random: () => number;
  watch(observer: SubscriptionObserver): () => void;
  /** Resolves when the service answers; rejects with the reason when it does not or refuses. */
  probe(): Promise<void>;
  onBatch(batch: TokenBatch): void;
  /** `isAgain`: batches may have passed unseen since the acknowledgement before this one. */
  onAcknowledged(isAgain: boolean): void;
  /** `phase` or `error` changed. */
  changed(): void;
}

/**
 * One subscription that is kept up: when it is lost the service is asked whether it answers (0.5 s later, then with
 * jittered backoff), a new subscription is opened, and only then the old one dropped.
 */
export class Connection {
  readonly #ports: ConnectionPorts;
  #phase: ConnectionPhase = 'idle';
  #error: ChatError | undefined;
  #drop: (() => void) | undefined;
  /** Numbers the subscriptions: what an older one still tells does not count. */
  #serial = 0;
  #hasBeenAcknowledged = false;
  /** Whether the current subscription ever was: one that never was has nothing to keep. */
  #isCurrentAcknowledged = false;
  #failures = 0;
  #isProbing = false;
  /** For the next try. */
  #isWaiting = false;
  #cancelTimer: () => void = () => undefined;
  /** The service asked not to be asked before. */
  #notBefore = 0;
  readonly #waiters = new Set<() => void>();

  constructor(ports: ConnectionPorts) {
    this.#ports = ports;
  }

  /** Opens the first subscription; may be called again. */
  start(): void {
    if (this.#phase !== 'idle') return;
    this.#phase = 'connecting';
    this.#open();
  }

  get phase(): ConnectionPhase {
    return this.#phase;
  }

  /** Why it is not acknowledged, when known. */
  get error(): ChatError | undefined {
    return this.#error;
  }

  /**
   * Resolves once acknowledged, or after `patienceMs`: answers are then read without the subscription. At once when the
   * subscription is refused for good, because a request will be told the same.
   */
  acknowledged(patienceMs: number): Promise<void> {
    if (this.#phase === 'acknowledged' || this.#phase === 'closed' || this.#error?.retryable === false)
      return Promise.resolve();
    return new Promise((resolve) => {
      const end = () => {
        cancel();
        this.#waiters.delete(end);
        resolve();
      };
      const cancel = this.#ports.clock.after(patienceMs, end);
      this.#waiters.add(end);
    });
  }

  /** Tells that something else than the subscription got no answer; matters while it is not acknowledged. */
  suspect(error: ChatError): void {
    if (this.#phase === 'connecting') this.#lose(error, 'offline');
  }

  /** Tells that the service answered something: whoever counted it as away tries at once. */
  answered(): void {
    if (this.#phase !== 'offline') return;
    this.#phase = 'reconnecting';
    this.wake();
    this.#ports.changed();
  }

  /** Tries at once when it waits for its next try, unless the service asked for that pause. */
  wake(): void {
    if (this.#isWaiting && this.#ports.clock.now() >= this.#notBefore) void this.#retry();
  }

  /** Ends the subscription; may be called twice. */
  close(): void {
    this.#cancelTimer();
    this.#isWaiting = false;
    this.#serial += 1;
    this.#phase = 'closed';
    this.#drop?.();
    this.#drop = undefined;
    this.#release();
  }

  #open(): void {
    const dropOld = this.#drop;
    const serial = ++this.#serial;
    this.#isCurrentAcknowledged = false;
    this.#isWaiting = false;
    const isCurrent = () => serial === this.#serial;
    this.#drop = this.#ports.watch({
      onAck: () => isCurrent() && this.#acknowledge(),
      onBatch: (batch) => isCurrent() && this.#ports.onBatch(batch),
      onLost: (error) => isCurrent() && this.#lose(error),
    });
    dropOld?.();
    if (this.#phase !== 'closed' && this.#isAwaitingAck(serial)) this.#awaitAck();
  }

  /** A transport may acknowledge, or fail, before `watch` returns. */
  #isAwaitingAck(serial: number): boolean {
    return serial === this.#serial && !this.#isCurrentAcknowledged && this.#drop !== undefined;
  }

  #awaitAck(): void {
    this.#cancelTimer();
    this.#cancelTimer = this.#ports.clock.after(ACK_PATIENCE_MS, () => this.#lose(new ChatError('NETWORK')));
  }

  #acknowledge(): void {
    this.#cancelTimer();
    this.#isWaiting = false;
    const isAgain = this.#hasBeenAcknowledged;
    this.#hasBeenAcknowledged = true;
    this.#isCurrentAcknowledged = true;
    this.#failures = 0;
    this.#error = undefined;
    this.#phase = 'acknowledged';
    this.#release();
    this.#ports.onAcknowledged(isAgain);
    this.#ports.changed();
  }

  #lose(error: ChatError, phase: 'reconnecting' | 'offline' = 'reconnecting'): void {
    if (this.#phase === 'closed') return;
    if (!this.#isCurrentAcknowledged) {
      this.#serial += 1;
      this.#drop?.();
      this.#drop = undefined;
    }
    // A transport tells a loss more than once: the first one counts, and what is on its way to a new subscription goes on.
    if (!this.#isWaiting && !this.#isProbing) return this.#retryLater(error, phase);
    this.#error = error;
    if (this.#phase === 'acknowledged') this.#phase = phase;
    this.#ports.changed();
  }

  #retryLater(error: ChatError, phase: 'reconnecting' | 'offline'): void {
    this.#error = error;
    this.#phase = phase;
    this.#isWaiting = true;
    this.#failures += 1;
    const pauseMs = backoffMs(this.#failures, this.#ports.random, error.retryAfterMs);
    this.#notBefore = this.#ports.clock.now() + (error.retryAfterMs ?? 0);
    if (!error.retryable) this.#release();
    this.#cancelTimer();
    this.#cancelTimer = this.#ports.clock.after(pauseMs, () => void this.#retry());
    this.#ports.changed();
  }

  async #retry(): Promise<void> {
    if (this.#isProbing) return;
    this.#cancelTimer();
    this.#isWaiting = false;
    this.#isProbing = true;
    const failure = await this.#ports.probe().then(
      () => undefined,
      (error: ChatError) => error,
    );
    this.#isProbing = false;
    // The transport may have acknowledged by itself, or the conversation closed, meanwhile.
    if (this.#phase === 'closed' || this.#phase === 'acknowledged') return;
    if (failure) return this.#retryLater(failure, failure.code === 'NETWORK' ? 'offline' : 'reconnecting');
    // The service answered.
    this.#phase = 'reconnecting';
    this.#open();
    this.#ports.changed();
  }

  #release(): void {
    for (const end of [...this.#waiters]) end();
  }
}
