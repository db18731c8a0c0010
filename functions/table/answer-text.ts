import type { AssistantMessageItem } from '../../protocol/items.ts';
import { attemptLog, storedAnswer, type AnswerText } from '../rules/answer-text.ts';
import { runRule } from './run-rule.ts';
import type { Table } from './table.ts';

export type { AnswerText } from '../rules/answer-text.ts';

/** Reads what is stored outside the log: everything of a terminal answer, else what earlier attempts wrote. */
export function readStoredText(table: Table, message: AssistantMessageItem): Promise<AnswerText> {
  return runRule({ table }, storedAnswer(message));
}

/** Reads an answer that is still written: stored text, then the log of the newest attempt. */
export async function readCurrentText(table: Table, message: AssistantMessageItem): Promise<AnswerText> {
  const answer = await readStoredText(table, message);
  if (message.status !== 'STREAMING') return answer;
  for (const item of await runRule({ table }, attemptLog(message))) {
    if (item.kind === 'SEAL') continue;
    if (item.part === 'TEXT') answer.text += item.text;
    else answer.reasoning += item.text;
  }
  return answer;
}
