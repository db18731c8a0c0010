import type { ConsumedUnits } from '../database/index.ts';
import type { Ledger } from './ledger.ts';
import { usdOf, type DatabaseUnits } from './prices.ts';
import type { Work } from './work.ts';

/** What a conversation, or everything, has come to. */
export interface Usage {
  mutations: number;
  queries: number;
  /** Messages to subscribers, faults or not: what AppSync sent. */
  deliveries: number;
  /** The same in units of 5 KB, which is what is billed. */
  deliveryUnits: number;
  /** Subscription starts; in the total also connects. */
  realtimeOperations: number;
  /** A connection that watches several conversations is shared among them. */
  connectionMinutes: number;
  lambdaInvocations: number;
  /** Counted when an invocation ends. */
  lambdaMs: number;
  lambdaGbSeconds: number;
  /** Bytes the HTTP door streamed. */
  streamedBytes: number;
  readUnits: number;
  writeUnits: number;
  /** An estimate at list prices, without the model (`PRICES`). */
  usd: number;
}

/** The answer of `GET /local/metrics`. */
export interface Metrics {
  /** Counting began then; the counters do not outlive the stack. */
  since: string;
  /** Everything, also what belongs to no single conversation. */
  total: Usage;
  /** The conversations that were active last, by id. */
  conversations: Record<string, Usage>;
}

/** What `metricsOf` adds up. */
export interface MetricsSources {
  since: string;
  ledger: Pick<Ledger, 'total' | 'conversations'>;
  consumed: readonly ConsumedUnits[];
  /** The conversations asked for; undefined for all. */
  only?: ReadonlySet<string> | undefined;
}

/**
 * Adds up the counters. Owners who chose the same conversation id share a row. The rows are the ledger's: a conversation that
 * only the database still knows of has lost its row, and its units are in the total.
 */
export function metricsOf({ since, ledger, consumed, only }: MetricsSources): Metrics {
  const everything: DatabaseUnits = { readUnits: 0, writeUnits: 0 };
  const byConversation = new Map<string, DatabaseUnits>();
  for (const { partition, readUnits, writeUnits } of consumed) {
    addUnits(everything, readUnits, writeUnits);
    if (partition === undefined) continue;
    const conversationId = conversationOfPartition(partition);
    const units = byConversation.get(conversationId) ?? { readUnits: 0, writeUnits: 0 };
    addUnits(units, readUnits, writeUnits);
    byConversation.set(conversationId, units);
  }
  const rows = [...ledger.conversations()].filter(([id]) => only === undefined || only.has(id));
  return {
    since,
    total: usageOf(ledger.total(), everything),
    conversations: Object.fromEntries(
      rows.map(([id, work]) => [
        id,
        usageOf(work, byConversation.get(id) ?? { readUnits: 0, writeUnits: 0 }),
      ]),
    ),
  };
}

function addUnits(sum: DatabaseUnits, readUnits: number, writeUnits: number): void {
  sum.readUnits += readUnits;
  sum.writeUnits += writeUnits;
}

/** Partitions are `<owner>#<conversationId>` (protocol/keys.ts); ids hold no `#`. */
function conversationOfPartition(partition: string): string {
  return partition.slice(partition.lastIndexOf('#') + 1);
}

function usageOf(work: Readonly<Work>, { readUnits, writeUnits }: DatabaseUnits): Usage {
  const { mutations, queries, deliveries, deliveryUnits, realtimeOperations } = work;
  const { lambdaInvocations, lambdaMs, lambdaGbSeconds, streamedBytes } = work;
  return {
    mutations,
    queries,
    deliveries,
    deliveryUnits,
    realtimeOperations,
    connectionMinutes: rounded(work.connectionMs / 60_000, 6),
    lambdaInvocations,
    lambdaMs,
    lambdaGbSeconds: rounded(lambdaGbSeconds, 6),
    streamedBytes,
    readUnits,
    writeUnits,
    usd: rounded(usdOf(work, { readUnits, writeUnits }), 9),
  };
}

/** Sums of fractions end in noise that only distracts. */
function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
