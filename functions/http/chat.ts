import { randomUUID } from 'node:crypto';
import { ulid } from 'ulid';
import { DEADLINE_MARGIN_MS } from '../../protocol/limits.ts';
import type { AssistantMessageItem, SendInput } from '../../protocol/items.ts';
import { runGeneration } from '../generation/generation.ts';
import { storeSend } from '../rules/start-send.ts';
import { runRule } from '../table/run-rule.ts';
import { SseWriter, TextWriter, sinkOf, type AnswerWriter } from './answer-writer.ts';
import { follow } from './follow.ts';
import { followPorts, serve, type HttpInvocation, type HttpPorts, type StreamedAnswer } from './serve.ts';

/** A started answer and its body. */
export interface ChatAnswer extends StreamedAnswer {
  readonly messageId: string;
  readonly conversationId: string;
}

/**
 * Stores the send, then streams its answer: this invocation runs the generation when it is new, and follows whoever runs
 * it otherwise. The body may close before the generation ends; the generation never waits for the body.
 */
export async function chat(
  ports: HttpPorts,
  invocation: HttpInvocation,
  owner: string,
  input: SendInput,
  form: 'sse' | 'text',
): Promise<ChatAnswer> {
  const now = ports.clock.now();
  const { message, mayRun } = await runRule(
    { table: ports.table, signal: invocation.patience },
    storeSend(owner, input, now, ulid(now)),
  );
  const writer: AnswerWriter = form === 'sse' ? new SseWriter(() => ports.clock.now()) : new TextWriter();
  serve(ports, invocation, message.id, writer, () => answer(ports, invocation, message, writer, mayRun));
  return {
    messageId: message.id,
    conversationId: message.conversationId,
    contentType: form === 'sse' ? 'text/event-stream; charset=utf-8' : 'text/plain; charset=utf-8',
    body: writer.body,
  };
}

async function answer(
  ports: HttpPorts,
  invocation: HttpInvocation,
  message: AssistantMessageItem,
  writer: AnswerWriter,
  mayRun: boolean,
): Promise<void> {
  const { owner, conversationId, id: messageId, attempt } = message;
  const event = { owner, conversationId, messageId, attempt };
  // A sink begins where its attempt does; what earlier attempts wrote, only a follower reads.
  if (mayRun && attempt > 1) await ports.invoke(ports.generateFunction, event);
  if (mayRun && attempt === 1) {
    const outcome = await runGeneration(ports, {
      event,
      claimId: `${invocation.requestId}:${randomUUID()}`,
      requestId: invocation.requestId,
      deadlineAt: invocation.endsAt - DEADLINE_MARGIN_MS,
      sinks: (claimed) => [sinkOf(writer, claimed)],
    });
    if (outcome !== 'taken') return;
  }
  await follow(followPorts(ports, event), event, writer);
}
