import type { AssistantMessageItem } from '../../protocol/items.ts';
import { cancelMessage } from '../rules/cancel.ts';
import { runRule } from '../table/run-rule.ts';
import { checkIds, type MessageName } from './named-message.ts';
import type { HttpPorts } from './serve.ts';

/**
 * Cancels by the rule `cancelMessage` and answers the message as stored afterwards; starts settle where nobody else would
 * publish its END. Throws INVALID_INPUT for what is no id, and NOT_FOUND like every read of a message.
 */
export async function cancel(
  { table, clock, invoke, settleFunction }: Pick<HttpPorts, 'table' | 'clock' | 'invoke' | 'settleFunction'>,
  name: MessageName,
): Promise<AssistantMessageItem> {
  checkIds(name);
  const { message, needsSettle } = await runRule({ table }, cancelMessage(name, clock.now()));
  if (needsSettle) await invoke(settleFunction, { ...name, attempt: message.attempt });
  return message;
}
