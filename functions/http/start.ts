import type { SendInput } from '../../protocol/items.ts';
import { storeSend, type StartedSend } from '../rules/start-send.ts';
import { runRule } from '../table/run-rule.ts';
import type { Table } from '../table/table.ts';

/** Stores a send by the rule `storeSend`, so that a repeat on either door meets the same answer (I5). */
export function startSend(
  table: Table,
  owner: string,
  input: SendInput,
  nowMs: number,
  ulid: string,
): Promise<StartedSend> {
  return runRule({ table }, storeSend(owner, input, nowMs, ulid));
}
