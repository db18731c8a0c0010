import type { GenerationEvent } from '../../protocol/items.ts';
import { claimAttempt, type Claim } from '../rules/claim.ts';
import { runRule } from '../table/run-rule.ts';
import type { Table } from '../table/table.ts';

/** Claims exactly this attempt by the rule `claimAttempt`: at most one caller gets the message (I4). */
export function claim(table: Table, event: GenerationEvent, claimId: string, now: number): Promise<Claim> {
  return runRule({ table }, claimAttempt(event, claimId, now));
}
