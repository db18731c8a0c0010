import { randomUUID } from 'node:crypto';
import { ulid } from 'ulid';
import { DEADLINE_MARGIN_MS, DOOR_MARGIN_MS } from '../../protocol/limits.ts';
import type { AssistantMessageItem, SendInput } from '../../protocol/items.ts';
import { runGeneration, type GenerationPorts } from '../generation/generation.ts';
import { describe } from '../service/log-line.ts';
import { SseWriter, TextWriter, sinkOf, type AnswerWriter } from './answer-writer.ts';
import { follow } from './follow.ts';
import { startSend } from './start.ts';

/** What the door needs of one invocation. */
export interface ChatInvocation {
  readonly requestId: string;
  /** Epoch milliseconds at which Lambda ends this invocation. */
  readonly endsAt: number;
  /** Keeps the invocation open: what is unfinished when the handler's promise settles, Lambda freezes. */
  readonly keepOpen: (work: Promise<unknown>) => void;
}

/** What `POST /chat` works with. */
export interface ChatPorts extends GenerationPorts {
  readonly settleFunction: string;
}

/** A started answer and its body. */
export interface ChatAnswer {
  readonly messageId: string;
  readonly conversationId: string;
  readonly contentType: string;
  readonly body: ReadableStream<Uint8Array>;
}

/**
 * Stores the send, then streams its answer: this invocation runs the generation when it is new, and follows whoever runs
 * it otherwise. The body may close before the generation ends; the generation never waits for the body.
 */
export async function chat(
  ports: ChatPorts,
  invocation: ChatInvocation,
  owner: string,
  input: SendInput,
  form: 'sse' | 'text',
): Promise<ChatAnswer> {
  const now = ports.clock.now();
  const started = await startSend(ports.table, owner, input, now, ulid(now));
  const { message } = started;
  const writer: AnswerWriter = form === 'sse' ? new SseWriter(() => ports.clock.now()) : new TextWriter();
  const limit = setTimeout(() => writer.timeOut(), Math.max(0, invocation.endsAt - DOOR_MARGIN_MS - now));
  const work = answer(ports, invocation, message, writer, started.mayRun)
    .catch((error: unknown) =>
      ports.log('error', 'chat.failed', { messageId: message.id, ...describe(error) }),
    )
    .finally(() => {
      clearTimeout(limit);
      writer.close();
    });
  invocation.keepOpen(work);
  return {
    messageId: message.id,
    conversationId: message.conversationId,
    contentType: form === 'sse' ? 'text/event-stream; charset=utf-8' : 'text/plain; charset=utf-8',
    body: writer.body,
  };
}

async function answer(
  ports: ChatPorts,
  invocation: ChatInvocation,
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
  await follow(
    {
      table: ports.table,
      now: () => ports.clock.now(),
      settle: (suspect) =>
        ports.invoke(ports.settleFunction, { owner, conversationId, messageId, attempt: suspect.attempt }),
    },
    owner,
    conversationId,
    messageId,
    writer,
  );
}
