import { DOOR_MARGIN_MS } from '../../protocol/limits.ts';
import type { Completions } from '../generation/completions.ts';
import type { GenerationPorts } from '../generation/generation.ts';
import { describe } from '../service/log-line.ts';
import type { RulePorts } from '../table/run-rule.ts';
import type { AnswerWriter } from './answer-writer.ts';
import type { FollowPorts } from './follow.ts';
import type { MessageName } from './named-message.ts';

/** What the door needs of one invocation. */
export interface HttpInvocation {
  readonly requestId: string;
  /** Epoch milliseconds at which Lambda ends this invocation. */
  readonly endsAt: number;
  /** Aborts when the caller has waited long enough for a write whose outcome stays unknown; what fails then is INTERNAL. */
  readonly patience: AbortSignal;
  /** Keeps the invocation open: what is unfinished when the handler's promise settles, Lambda freezes. */
  readonly keepOpen: (work: Promise<unknown>) => void;
}

/** What the door works with. */
export interface HttpPorts extends GenerationPorts {
  readonly settleFunction: string;
  /** For requests that are handed on without being stored. */
  readonly completions: Completions;
}

/** An answer's body. */
export interface StreamedAnswer {
  readonly contentType: string;
  readonly body: ReadableStream<Uint8Array>;
}

/**
 * Lets `work` write a body under the door's own limit: 10 s before Lambda ends the invocation the body closes, whatever
 * `work` is at. The invocation stays open until `work` has settled; an error is one log line and closes the body without
 * END.
 */
export function serve(
  ports: HttpPorts,
  invocation: HttpInvocation,
  messageId: string,
  writer: AnswerWriter,
  work: () => Promise<void>,
): void {
  const leftMs = Math.max(0, invocation.endsAt - DOOR_MARGIN_MS - ports.clock.now());
  const limit = setTimeout(() => writer.close('DEADLINE'), leftMs);
  const done = work()
    .catch((error: unknown) => ports.log('error', 'http.streamFailed', { messageId, ...describe(error) }))
    .finally(() => {
      clearTimeout(limit);
      writer.close();
    });
  invocation.keepOpen(done);
}

/** What the rules of a start work with, from what the door works with. */
export function startPorts(
  { table, invoke, generateFunction }: Pick<HttpPorts, 'table' | 'invoke' | 'generateFunction'>,
  { patience }: Pick<HttpInvocation, 'patience'>,
): RulePorts {
  return { table, signal: patience, invoke: (event) => invoke(generateFunction, event) };
}

/** What a follower works with, from what the door works with. */
export function followPorts(
  ports: HttpPorts,
  { owner, conversationId, messageId }: MessageName,
): FollowPorts {
  return {
    table: ports.table,
    now: () => ports.clock.now(),
    settle: ({ attempt }) =>
      ports.invoke(ports.settleFunction, { owner, conversationId, messageId, attempt }),
  };
}
