import { ChatError } from '../../protocol/errors.ts';
import { handOverAttempt } from '../rules/hand-over.ts';
import { describe } from '../service/log-line.ts';
import { runRule } from '../table/run-rule.ts';
import type { Finishing } from './finish.ts';
import { attemptFacts, receipt, type Ending } from './receipt.ts';

/** `exhausted`: no hand-over is left. `terminal`: the next attempt could not be invoked, so this worker ended it. */
export type HandOver = 'handedOver' | 'exhausted' | 'cancelled' | 'fenced' | 'deleted' | 'terminal';

/**
 * Hands the message over to the next attempt by the rule `handOverAttempt`, at most a configured number of times. END
 * leaves when this worker had to end the next attempt itself.
 */
export async function handOver(finishing: Finishing): Promise<HandOver> {
  const { ports, message, answer, usage } = finishing;
  if (message.handovers >= ports.config.maxHandovers) return 'exhausted';
  const now = () => ports.clock.now();
  const error = new ChatError('DEADLINE', { requestId: finishing.requestId });
  const ending = { status: 'INTERRUPTED', reason: 'DEADLINE', error } satisfies Ending;
  const result = await runRule(
    { table: ports.table, invoke: (event) => ports.invoke(ports.generateFunction, event) },
    handOverAttempt(message, {
      answer,
      usage,
      now,
      receiptOf: () => receipt(message, ending, attemptFacts(finishing, now())),
      onFailure: (cause) =>
        ports.log('error', 'generation.handOverFailed', {
          messageId: message.id,
          attempt: message.attempt + 1,
          ...describe(cause),
        }),
    }),
  );
  if (typeof result === 'string') return result;
  for (const sink of finishing.sinks) sink.end({ status: ending.status, end: result.end });
  return 'terminal';
}
