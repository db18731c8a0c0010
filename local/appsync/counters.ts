import type { PublishReceipt } from './subscriptions.ts';

/** What one conversation cost so far. */
export interface ConversationCounters {
  mutations: number;
  publishes: number;
  deliveries: number;
  outboundUnits: number;
}

/** What AppSync's bill would count, since the start. */
export interface AppSyncCounters extends ConversationCounters {
  queries: number;
  /** Payloads over 240 KB, which reached nobody. */
  oversized: number;
  connections: number;
  connectionMinutes: number;
  subscriptionStarts: number;
  openConnections: number;
  openSubscriptions: number;
  /** The 1,000 conversations that were active last, by id. */
  byConversation: Record<string, ConversationCounters>;
}

/** Adds up while the API runs. */
export interface Meter {
  query(): void;
  mutation(conversationId: string | undefined): void;
  publish(conversationId: string | undefined, receipt: PublishReceipt): void;
  connectionOpened(): void;
  connectionClosed(ms: number): void;
  subscriptionStarted(): void;
  /** `openConnectionMs`: how long each connection that is open now has been. */
  read(openConnectionMs: readonly number[], openSubscriptions: number): AppSyncCounters;
}

// The meter is for looking at, not for billing: old conversations make room.
const MAX_CONVERSATIONS = 1_000;

const nothing = (): ConversationCounters => ({ mutations: 0, publishes: 0, deliveries: 0, outboundUnits: 0 });

/** The conversation a request is about: `conversationId` of its arguments or of their `input`. */
export function conversationOf(args: Readonly<Record<string, unknown>>): string | undefined {
  const input = args['input'] as Record<string, unknown> | null | undefined;
  const id = args['conversationId'] ?? input?.['conversationId'];
  return typeof id === 'string' ? id : undefined;
}

/** A meter at zero. */
export function createMeter(): Meter {
  const total = nothing();
  const others = { queries: 0, oversized: 0, connections: 0, subscriptionStarts: 0 };
  let closedMs = 0;
  const byConversation = new Map<string, ConversationCounters>();
  const rowsOf = (id: string | undefined): ConversationCounters[] => {
    if (id === undefined) return [total];
    const row = byConversation.get(id) ?? nothing();
    byConversation.delete(id);
    byConversation.set(id, row);
    if (byConversation.size > MAX_CONVERSATIONS)
      byConversation.delete(byConversation.keys().next().value ?? '');
    return [total, row];
  };
  return {
    query: () => (others.queries += 1),
    mutation: (id) => {
      for (const row of rowsOf(id)) row.mutations += 1;
    },
    publish: (id, receipt) => {
      others.oversized += receipt.oversized;
      for (const row of rowsOf(id)) {
        row.publishes += 1;
        row.deliveries += receipt.deliveries;
        row.outboundUnits += receipt.outboundUnits;
      }
    },
    connectionOpened: () => (others.connections += 1),
    connectionClosed: (ms) => (closedMs += ms),
    subscriptionStarted: () => (others.subscriptionStarts += 1),
    read: (openConnectionMs, openSubscriptions) => ({
      ...total,
      ...others,
      connectionMinutes: openConnectionMs.reduce((sum, ms) => sum + ms, closedMs) / 60_000,
      openConnections: openConnectionMs.length,
      openSubscriptions,
      byConversation: Object.fromEntries(byConversation),
    }),
  };
}
