import { randomUUID } from 'node:crypto';
import { ulid } from 'ulid';
import { DEADLINE_MARGIN_MS } from '../../protocol/limits.ts';
import { generationEventOf, type AssistantMessageItem, type SendInput } from '../../protocol/items.ts';
import { runGeneration } from '../generation/generation.ts';
import { storeSend, type StartedSend } from '../rules/start-send.ts';
import { runRule } from '../table/run-rule.ts';
import { sinkOf, type AnswerWriter } from './answer-writer.ts';
import { follow } from './follow.ts';
import { followPorts, serve, startPorts, type HttpInvocation, type HttpPorts } from './serve.ts';

/**
 * Stores the send, then lets `makeWriter`'s writer have its answer; nothing is made when the send is refused. Answers the
 * message at once, as stored by the send.
 */
export async function chat<Writer extends AnswerWriter>(
  ports: HttpPorts,
  invocation: HttpInvocation,
  owner: string,
  input: SendInput,
  makeWriter: () => Writer,
): Promise<{ readonly message: AssistantMessageItem; readonly writer: Writer }> {
  const now = ports.clock.now();
  const started = await runRule(startPorts(ports, invocation), storeSend(owner, input, now, ulid(now)));
  const writer = makeWriter();
  serveStarted(ports, invocation, started, writer);
  return { message: started.message, writer };
}

/**
 * Lets a writer have the answer of a stored send: this invocation runs the generation when it is new, and follows whoever
 * runs it otherwise. The body may close before the generation ends; the generation never waits for the body.
 */
export function serveStarted(
  ports: HttpPorts,
  invocation: HttpInvocation,
  { message, mayRun }: StartedSend,
  writer: AnswerWriter,
): void {
  serve(ports, invocation, message.id, writer, () => answer(ports, invocation, message, writer, mayRun));
}

async function answer(
  ports: HttpPorts,
  invocation: HttpInvocation,
  message: AssistantMessageItem,
  writer: AnswerWriter,
  mayRun: boolean,
): Promise<void> {
  const event = generationEventOf(message);
  if (mayRun) {
    const outcome = await runGeneration(ports, {
      event,
      claimId: `${invocation.requestId}:${randomUUID()}`,
      requestId: invocation.requestId,
      deadlineAt: invocation.endsAt - DEADLINE_MARGIN_MS,
      sinks: (claimed) => [sinkOf(writer, claimed)],
    });
    if (outcome === 'deleted') writer.close('NOT_FOUND');
    if (outcome !== 'taken') return;
  }
  await follow(followPorts(ports, event), event, writer);
}
