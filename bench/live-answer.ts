import type { StackProcess } from './stack-client.ts';
import { subscribe } from './subscriber.ts';
import { FixtureError, type TokenArrivals } from './token-fixture.ts';

const ANSWER_WITHIN_MS = 60_000;

/** A live subscriber of one answer. */
export interface LiveAnswer {
  /** Resolves after END. Rejects with FixtureError for a batch lost, repeated or out of order, and after 60 s. */
  readonly ended: Promise<void>;
  close(): void;
}

/** Subscribes to a conversation without messages and takes the answer of its first question; resolves when it is subscribed. */
export async function watchAnswer(
  stack: StackProcess,
  conversationId: string,
  arrivals: TokenArrivals,
): Promise<LiveAnswer> {
  const ended = Promise.withResolvers<void>();
  // Whoever waits for `ended` gets the error; nobody waits yet when the subscription fails.
  ended.promise.catch(() => undefined);
  let nextSeq = 0;
  const limit = setTimeout(
    () => ended.reject(new FixtureError('The answer did not end in time')),
    ANSWER_WITHIN_MS,
  );
  const close = () => clearTimeout(limit);
  const subscription = await subscribe({
    ...stack,
    conversationId,
    onError: ended.reject,
    onBatch: (batch, at) => {
      try {
        if (batch.kind === 'HEARTBEAT') return;
        if (batch.seq !== nextSeq || batch.attempt !== 1)
          throw new FixtureError(`Batch ${batch.attempt}/${batch.seq} came when 1/${nextSeq} was due`);
        nextSeq += 1;
        if (batch.kind === 'DELTA') arrivals.add(batch.offset, batch.text, at);
        if (batch.kind !== 'END') return;
        if (!batch.end) throw new FixtureError('END carries no end');
        arrivals.end(batch.end);
        ended.resolve();
      } catch (error) {
        ended.reject(error);
      }
    },
  }).catch((error: unknown) => {
    close();
    throw error;
  });
  return {
    ended: ended.promise,
    close() {
      close();
      subscription.close();
    },
  };
}
