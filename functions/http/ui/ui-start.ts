import { randomUUID } from 'node:crypto';
import { ulid } from 'ulid';
import { assistantMessageIdOf, isId } from '../../../protocol/ids.ts';
import type { MessageItem } from '../../../protocol/items.ts';
import { messageKey } from '../../../protocol/keys.ts';
import type { StartedAnswer } from '../../rules/start-answer.ts';
import { storeRegenerate } from '../../rules/start-regenerate.ts';
import { storeSend } from '../../rules/start-send.ts';
import { runRule } from '../../table/run-rule.ts';
import type { Table } from '../../table/table.ts';
import { startPorts, type HttpInvocation, type HttpPorts } from '../serve.ts';
import { findQuestion, type StoredQuestion } from './stored-question.ts';
import type { UiInput } from './ui-input.ts';

/**
 * Stores what a request of the AI SDK asks for: a send, or another answer to a question. A question that never got here is
 * sent by a regenerate, too, because that is how applications try again. Throws NOT_FOUND and CONFLICT.
 */
export async function startUi(
  ports: Pick<HttpPorts, 'table' | 'clock' | 'invoke' | 'generateFunction'>,
  invocation: Pick<HttpInvocation, 'patience'>,
  owner: string,
  input: UiInput,
): Promise<StartedAnswer> {
  const question = await findQuestion(ports.table, owner, input);
  const messageId =
    input.trigger === 'submit-message' ? undefined : await targetOf(ports.table, owner, input, question);
  const now = ports.clock.now();
  const rulePorts = startPorts(ports, invocation);
  if (messageId === undefined) return runRule(rulePorts, storeSend(owner, question.send, now, ulid(now)));
  const { conversationId, model = null, pacing = null } = input.question;
  const clientMessageId = input.idempotencyKey ?? randomUUID();
  const again = { conversationId, clientMessageId, messageId, model, pacing };
  return runRule(rulePorts, storeRegenerate(owner, again, now, ulid(now)));
}

/** The answer to make anew: the named one, else the first one to the question; none when there is no answer yet. */
async function targetOf(
  table: Table,
  owner: string,
  { messageId, question }: UiInput,
  { request }: StoredQuestion,
): Promise<string | undefined> {
  for (const id of [messageId, request && assistantMessageIdOf(request.ulid)]) {
    if (!isId(id)) continue;
    const message = await table.get<MessageItem>(messageKey(owner, question.conversationId, id));
    if (message?.role === 'ASSISTANT') return id;
  }
  return undefined;
}
