import { ChatError } from '../../protocol/errors.ts';
import type { GenerationEnd } from '../../protocol/generated/schema-types.ts';
import type { AssistantMessageItem } from '../../protocol/items.ts';
import { START_BY_MS } from '../../protocol/limits.ts';
import { assign } from '../../protocol/writes.ts';
import { describe } from '../service/log-line.ts';
import { storeText } from '../table/answer-text.ts';
import { untilKnown } from '../table/persist.ts';
import type { Finishing } from './finish.ts';
import { ownWrite } from './own-write.ts';
import { attemptFacts, receipt, type Ending } from './receipt.ts';
import type { Terminal } from './stream.ts';

/** `exhausted`: no hand-over is left. `terminal`: the next attempt could not be invoked, so this worker ended it. */
export type HandOver = 'handedOver' | 'exhausted' | 'cancelled' | 'fenced' | 'deleted' | 'terminal';

/**
 * Makes the message PENDING with the next attempt, the text so far stored like END would store it, and invokes
 * `generate`. When the invocation fails, this worker ends the next attempt itself while nobody has claimed it.
 */
export async function handOver(finishing: Finishing): Promise<HandOver> {
  const { ports, message, answer } = finishing;
  if (message.handovers >= ports.config.maxHandovers) return 'exhausted';
  const now = ports.clock.now();
  const attempt = message.attempt + 1;
  const inline = await storeText(ports.table, message, answer);
  const written = await ownWrite(ports.table, message, {
    values: {
      ...inline,
      status: 'PENDING',
      attempt,
      leaseUntil: now + START_BY_MS,
      invokedAt: now,
      resumeOffset: answer.text.length,
      resumeReasoningOffset: answer.reasoning.length,
      sha256: answer.sha256,
      usage: finishing.usage,
      handovers: message.handovers + 1,
    },
    removed: ['claimId', 'startedAt'],
    unlessCancelled: true,
    happened: (stored) => stored.attempt === attempt && stored.sha256 === answer.sha256,
  });
  if (written !== 'written') return written;
  const { owner, conversationId, id: messageId } = message;
  try {
    await ports.invoke(ports.generateFunction, { owner, conversationId, messageId, attempt });
    return 'handedOver';
  } catch (error) {
    ports.log('error', 'generation.handOverFailed', { messageId, attempt, ...describe(error) });
    return endUnclaimed(finishing, attempt);
  }
}

async function endUnclaimed(finishing: Finishing, attempt: number): Promise<HandOver> {
  const { ports, message } = finishing;
  const error = new ChatError('DEADLINE', { requestId: finishing.requestId });
  const ending: Ending = { status: 'INTERRUPTED', reason: 'DEADLINE', error };
  const end = receipt(message, ending, attemptFacts(finishing, ports.clock.now()));
  const written = await untilKnown(() =>
    ports.table.update<AssistantMessageItem>({
      key: { pk: message.pk, sk: message.sk },
      update: assign({ status: 'INTERRUPTED', end }),
      condition: {
        expression: '#status = :pending AND #attempt = :next',
        names: { '#status': 'status', '#attempt': 'attempt' },
        values: { ':pending': 'PENDING', ':next': attempt },
      },
    }),
  );
  if (written === 'refused' && !(await isOwnEnd(finishing, attempt, end))) return 'handedOver';
  const terminal: Terminal = { status: 'INTERRUPTED', end };
  for (const sink of finishing.sinks) sink.end(terminal);
  return 'terminal';
}

/** Whether a refused write had happened before, its answer lost. */
async function isOwnEnd(finishing: Finishing, attempt: number, end: GenerationEnd): Promise<boolean> {
  const { pk, sk } = finishing.message;
  const stored = await untilKnown(() => finishing.ports.table.get<AssistantMessageItem>({ pk, sk }));
  return (
    stored?.status === 'INTERRUPTED' &&
    stored.attempt === attempt &&
    stored.end?.error?.requestId === end.error?.requestId &&
    stored.end?.timing?.endedAt === end.timing?.endedAt
  );
}
