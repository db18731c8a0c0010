import type { ChatError } from '../protocol/errors.ts';
import type { TokenBatch } from '../protocol/generated/schema-types.ts';

/** Variables of an operation. */
export type Variables = Readonly<Record<string, unknown>>;

/** Hears of one subscription. Calls come one at a time, and none after the subscription was ended. */
export interface SubscriptionObserver {
  /** The service acknowledged; again after every reconnection that the transport makes by itself. */
  onAck(): void;
  /** A batch as it was delivered: possibly late, twice, or out of order. */
  onBatch(batch: TokenBatch): void;
  /** Nothing may be delivered any more. The caller subscribes anew; the transport may still acknowledge again. */
  onLost(error: ChatError): void;
}

/**
 * What carries operations to the service. Queries and mutations are tried once from the caller's view (it repeats what is
 * retryable), resolve to `data`, and reject with a ChatError; a credential that expired is renewed first.
 */
export interface Transport {
  query<Data>(document: string, variables: Variables): Promise<Data>;
  mutate<Data>(document: string, variables: Variables): Promise<Data>;
  /** Subscribes; never throws. The result ends the subscription and may be called twice. */
  subscribe(document: string, variables: Variables, observer: SubscriptionObserver): () => void;
  /**
   * Names the service and the user, the same after every reload; never a key or a token. Undefined when nobody is known: then
   * no unsent message is kept.
   */
  identity?(): Promise<string | undefined>;
}
