/** What the bill would count: sums of the work of AppSync, Lambda and the database, by conversation. */
import type { Charge } from '../appsync/index.ts';
import type { ConsumedUnits } from '../database/index.ts';
import type { InvocationReport } from '../lambda/index.ts';
import { conversationOfInvocation, workOfInvocation } from './invocations.ts';
import { createLedger } from './ledger.ts';
import { metricsOf, type Metrics } from './metrics.ts';

export type { Metrics, Usage } from './metrics.ts';
export { PRICES } from './prices.ts';

/** Collects while the stack runs. */
export interface MetricsRecorder {
  /** AppSync's port. */
  readonly charge: Charge;
  /** Lambda's port. */
  readonly report: (report: InvocationReport) => void;
  /** Everything so far; with ids, only the rows of these conversations. Rejects when the database has ended. */
  read(only?: ReadonlySet<string>): Promise<Metrics>;
}

/** A recorder at zero. Memory is bounded: see `MAX_CONVERSATIONS`. */
export function createMetricsRecorder(sources: {
  startedAt: number;
  /** Charges what AppSync has not charged yet: the time of open connections. */
  settle: () => void;
  consumed: () => Promise<ConsumedUnits[]>;
}): MetricsRecorder {
  const ledger = createLedger();
  const since = new Date(sources.startedAt).toISOString();
  return {
    charge: (conversationId, work) => ledger.charge(conversationId, work),
    report: (report) => ledger.charge(conversationOfInvocation(report), workOfInvocation(report)),
    async read(only) {
      const consumed = await sources.consumed();
      sources.settle();
      return metricsOf({ since, ledger, consumed, only });
    },
  };
}
