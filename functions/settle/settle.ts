import type { GenerationEvent } from '../../protocol/items.ts';
import type { Publish } from '../generation/batch-publisher.ts';
import type { Clock } from '../generation/clock.ts';
import { settleAnswer, type SettleOutcome } from '../rules/settle.ts';
import type { LogLine } from '../service/log-line.ts';
import { runRule } from '../table/run-rule.ts';
import type { Table } from '../table/table.ts';

/** What settle works with. */
export interface SettlePorts {
  readonly table: Table;
  readonly publish: Publish;
  readonly clock: Clock;
  readonly log: LogLine;
}

/**
 * Ends an answer that has no worker by the rule `settleAnswer`; repeatable, and safe while one lives. With `deadRequestId`
 * (a failure record's) an answer claimed under it is ended at once.
 */
export async function settle(
  ports: SettlePorts,
  event: GenerationEvent,
  deadRequestId?: string,
): Promise<SettleOutcome> {
  const now = () => ports.clock.now();
  let published: number | undefined;
  const outcome = await runRule(
    {
      table: ports.table,
      publish: (batch) => {
        published = batch.attempt;
        return ports.publish({ ...batch, publishedAt: new Date(now()).toISOString() });
      },
    },
    settleAnswer(event, now, deadRequestId),
  );
  if (published !== undefined)
    ports.log('info', 'settle.published', { messageId: event.messageId, attempt: published, outcome });
  return outcome;
}
