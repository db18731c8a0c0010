import { ChatError } from '../../client/index.ts';
import type { SubscriptionObserver, Transport } from '../../client/index.ts';

/** `down`: everything fails at once. `silent`: nothing gets through, and nobody is told before it is over. */
export type Outage = 'down' | 'silent';

const lost = () => new ChatError('NETWORK');

/**
 * The network of one device, between its client and its transport. In an outage requests under way may take effect, their answers are
 * lost; new ones do not leave; what is delivered is lost, and so is every subscription.
 */
export class DeviceNetwork {
  #outage: Outage | undefined;
  /** Reject what waits for an answer. */
  readonly #waiting = new Set<() => void>();
  /** End the subscriptions, and tell. */
  readonly #subscriptions = new Set<() => void>();

  /** Begins an outage, or makes another kind of the one there is. */
  fail(outage: Outage): void {
    this.#outage = outage;
    if (outage === 'down') this.#loseAll();
  }

  /** Ends the outage; of what it took, the client hears now at the latest. */
  restore(): void {
    if (this.#outage === undefined) return;
    this.#outage = undefined;
    this.#loseAll();
  }

  /** The transport as the device has it. */
  carry(transport: Transport): Transport {
    return {
      ...transport,
      query: (document, variables) => this.#request(() => transport.query(document, variables)),
      mutate: (document, variables) => this.#request(() => transport.mutate(document, variables)),
      subscribe: (document, variables, observer) =>
        this.#subscribe(observer, (heard) => transport.subscribe(document, variables, heard)),
    };
  }

  #request<Data>(send: () => Promise<Data>): Promise<Data> {
    if (this.#outage === 'down') return Promise.reject(lost());
    return new Promise<Data>((resolve, reject) => {
      const unlessLost = (settle: () => void) => {
        if (this.#outage === undefined && this.#waiting.delete(lose)) settle();
      };
      const lose = () => {
        this.#waiting.delete(lose);
        reject(lost());
      };
      this.#waiting.add(lose);
      if (this.#outage !== undefined) return;
      send().then(
        (data) => unlessLost(() => resolve(data)),
        (error: Error) => unlessLost(() => reject(error)),
      );
    });
  }

  #subscribe(observer: SubscriptionObserver, open: (heard: SubscriptionObserver) => () => void): () => void {
    let close: () => void = () => undefined;
    const isHeard = () => this.#outage === undefined && this.#subscriptions.has(lose);
    const end = () => {
      this.#subscriptions.delete(lose);
      close();
    };
    const lose = () => {
      if (!this.#subscriptions.has(lose)) return;
      end();
      observer.onLost(lost());
    };
    this.#subscriptions.add(lose);
    if (this.#outage === 'down') queueMicrotask(lose);
    if (this.#outage === undefined)
      close = open({
        onAck: () => isHeard() && observer.onAck(),
        onBatch: (batch) => isHeard() && observer.onBatch(batch),
        onLost: (error) => isHeard() && observer.onLost(error),
      });
    return end;
  }

  #loseAll(): void {
    for (const lose of [...this.#waiting, ...this.#subscriptions]) lose();
  }
}
