import type { AssistantMessageItem } from '../../protocol/items.ts';
import { cancelMessage } from '../rules/cancel.ts';
import { runRule } from '../table/run-rule.ts';
import { checkIds, type MessageName } from './named-message.ts';
import type { HttpInvocation, HttpPorts } from './serve.ts';

/**
 * Cancels by the rule `cancelMessage` and answers the message as stored afterwards; starts settle where nobody else would
 * publish its END. Throws INVALID_INPUT for what is no id, NOT_FOUND like every read of a message, and the database's error
 * when it answers no write for as long as the caller waits.
 */
export async function cancel(
  { table, clock, invoke, settleFunction }: Pick<HttpPorts, 'table' | 'clock' | 'invoke' | 'settleFunction'>,
  { patience }: Pick<HttpInvocation, 'patience'>,
  name: MessageName,
): Promise<AssistantMessageItem> {
  checkIds(name);
  const { message, needsSettle } = await runRule(
    { table, signal: patience },
    cancelMessage(name, clock.now()),
  );
  if (needsSettle) await invoke(settleFunction, { ...name, attempt: message.attempt });
  return message;
}
