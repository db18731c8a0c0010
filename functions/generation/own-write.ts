import type { AssistantMessageItem } from '../../protocol/items.ts';
import { writeOwn, type OwnWrite, type Refusal } from '../rules/own-write.ts';
import { runRule } from '../table/run-rule.ts';
import type { Table } from '../table/table.ts';

/** Writes to the claimed message by the rule `writeOwn`: only while this claim still holds it. */
export function ownWrite(
  table: Table,
  message: AssistantMessageItem,
  write: OwnWrite,
): Promise<'written' | Refusal> {
  return runRule({ table }, writeOwn('own', message, write));
}
