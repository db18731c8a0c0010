import { onTestFinished } from 'vitest';
import type { TokenBatch } from '../../protocol/generated/schema-types.ts';
import type { Credential } from './graphql.ts';
import { Mailbox } from './mailbox.ts';
import { RealtimeClient } from './realtime-client.ts';
import type { Target } from './target.ts';

/** A subscription that outlives its sockets; what is published between two of them is missing. */
export interface ResubscribingFeed {
  /** What arrived on any of its sockets, in order of arrival. */
  readonly received: Mailbox<TokenBatch>;
  /** Sockets that were ever opened. */
  readonly connections: () => number;
}

/** Subscribes, and subscribes anew whenever the socket is cut, as a client would; until the test ends. */
export async function resubscribingFeed(
  target: Pick<Target, 'graphqlUrl' | 'realtimeUrl'>,
  credential: Credential,
  conversationId: string,
): Promise<ResubscribingFeed> {
  const received = new Mailbox<TokenBatch>();
  let connections = 0;
  let isDone = false;
  onTestFinished(() => {
    isDone = true;
  });
  const connect = async (): Promise<void> => {
    const client = await RealtimeClient.open(target, credential);
    connections += 1;
    const again = () => {
      if (!isDone) void connect().catch(again);
    };
    void client.closed.then(again);
    const feed = await client.subscribe(credential, { conversationId });
    const put = feed.batches.put.bind(feed.batches);
    for (const batch of feed.batches.items) received.put(batch);
    feed.batches.put = (batch) => {
      received.put(batch);
      put(batch);
    };
  };
  await connect();
  return { received, connections: () => connections };
}
