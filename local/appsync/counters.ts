import { createConnectionMeter, type ConnectionMeter } from './connection-meter.ts';
import type { PublishReceipt } from './subscriptions.ts';

/** What AppSync bills, in the units it bills. */
export interface AppSyncWork {
  mutations: number;
  queries: number;
  /** Messages to subscribers. */
  deliveries: number;
  /** The same in units of 5 KB, which is what is billed. */
  deliveryUnits: number;
  /** Connects and subscription starts: billed like a delivery unit each. */
  realtimeOperations: number;
  connectionMs: number;
}

/**
 * Told of every piece of work as it is done, with the conversation it was done for; undefined when it serves several or none:
 * listings, connects, connections without a subscription.
 */
export type Charge = (conversationId: string | undefined, work: Partial<AppSyncWork>) => void;

/** What was done since the start. */
export interface AppSyncCounters extends AppSyncWork {
  publishes: number;
  /** Payloads over 240 KB, which reached nobody. */
  oversized: number;
  connections: number;
  subscriptionStarts: number;
  openConnections: number;
  openSubscriptions: number;
}

/** Adds up while the API runs. */
export interface Meter {
  query(conversationId: string | undefined): void;
  mutation(conversationId: string | undefined): void;
  publish(conversationId: string | undefined, receipt: PublishReceipt): void;
  connectionOpened(): ConnectionMeter;
  /** Charges the time of open connections up to now, then answers. */
  read(openSubscriptions: number): AppSyncCounters;
}

/** AppSync work of nobody yet. */
export const noAppSyncWork = (): AppSyncWork => ({
  mutations: 0,
  queries: 0,
  deliveries: 0,
  deliveryUnits: 0,
  realtimeOperations: 0,
  connectionMs: 0,
});

/**
 * The conversation a field is about: `conversationId` of its arguments or of their `input`, or `id` where the field is named
 * after a conversation (`renameConversation`).
 */
export function conversationOf(
  fieldName: string,
  args: Readonly<Record<string, unknown>>,
): string | undefined {
  const input = args['input'] as Record<string, unknown> | null | undefined;
  const named = args['conversationId'] ?? input?.['conversationId'];
  const id = named ?? (/conversation$/i.test(fieldName) ? args['id'] : undefined);
  return typeof id === 'string' ? id : undefined;
}

/** A meter at zero. It keeps sums only; who wants them by conversation listens to `charge`. */
export function createMeter(now: () => number, charge: Charge = () => undefined): Meter {
  const sums = { ...noAppSyncWork(), publishes: 0, oversized: 0, connections: 0, subscriptionStarts: 0 };
  const open = new Set<ConnectionMeter>();
  const add: Charge = (conversationId, work) => {
    for (const unit of Object.keys(work) as (keyof AppSyncWork)[]) sums[unit] += work[unit] ?? 0;
    charge(conversationId, work);
  };
  return {
    query: (id) => add(id, { queries: 1 }),
    mutation: (id) => add(id, { mutations: 1 }),
    publish(id, { deliveries, outboundUnits, oversized }) {
      sums.publishes += 1;
      sums.oversized += oversized;
      if (deliveries > 0) add(id, { deliveries, deliveryUnits: outboundUnits });
    },
    connectionOpened() {
      sums.connections += 1;
      add(undefined, { realtimeOperations: 1 });
      const inner = createConnectionMeter(now, (id, ms) => add(id, { connectionMs: ms }));
      const connection: ConnectionMeter = {
        ...inner,
        subscribed(id) {
          sums.subscriptionStarts += 1;
          add(id, { realtimeOperations: 1 });
          return inner.subscribed(id);
        },
        closed() {
          inner.closed();
          open.delete(connection);
        },
      };
      open.add(connection);
      return connection;
    },
    read(openSubscriptions) {
      for (const connection of open) connection.settle();
      return { ...sums, openConnections: open.size, openSubscriptions };
    },
  };
}
