import { ChatError } from '../../protocol/errors.ts';
import type { Usage } from '../../protocol/generated/schema-types.ts';
import type { AssistantMessageItem } from '../../protocol/items.ts';
import { endAttempt } from '../rules/end-attempt.ts';
import { untilKnown } from '../table/persist.ts';
import { runRule } from '../table/run-rule.ts';
import type { Answer } from './answer.ts';
import { FencedError } from './log-writer.ts';
import { handOver } from './hand-over.ts';
import type { GenerationPorts } from './generation.ts';
import type { Pump } from './pump.ts';
import { attemptFacts, receipt, type Ending } from './receipt.ts';
import type { Sink } from './stream.ts';
import type { StopReason } from './watch.ts';

/** What a finishing attempt brings along. */
export interface Finishing {
  readonly ports: GenerationPorts;
  readonly message: AssistantMessageItem;
  readonly answer: Answer;
  readonly pump: Pump;
  readonly sinks: readonly Sink[];
  readonly usage: Usage | null;
  readonly model: string | null;
  readonly firstTokenAt: number | undefined;
  readonly requestId: string;
  /** How the model ended, or why it was stopped. */
  readonly outcome: Ending | StopReason;
}

/**
 * What an attempt came to: terminal, handed over to the next attempt, ended by somebody else, or `persist`: the log
 * could not be written, so settle has to fold what it holds.
 */
export type Conclusion = 'terminal' | 'handedOver' | 'fenced' | 'deleted' | 'persist';

/**
 * Ends an attempt: what is pending is logged, then one conditional write sets the terminal status, then END leaves. A
 * deadline hands over instead. Resolves after the publishes have settled, because Lambda freezes what is open afterwards.
 */
export async function finish(finishing: Finishing): Promise<Conclusion> {
  let conclusion: Conclusion | undefined;
  try {
    conclusion = await conclude(finishing);
    return conclusion;
  } finally {
    // What was logged before a hand-over still goes out; after a fence, nothing does.
    if (conclusion === 'handedOver') await finishing.pump.settled();
    if (conclusion !== 'terminal') for (const sink of finishing.sinks) sink.leave();
    await finishing.pump.settled();
  }
}

async function conclude(finishing: Finishing): Promise<Conclusion> {
  const { outcome, requestId } = finishing;
  if (outcome === 'fenced' || outcome === 'deleted' || outcome === 'persist') return outcome;
  try {
    await finishing.pump.flush();
  } catch (error) {
    return error instanceof FencedError ? 'fenced' : 'persist';
  }
  if (outcome === 'cancelled') return endAs(finishing, CANCELLED);
  if (outcome !== 'deadline') return endAs(finishing, outcome);
  const handedOver = await handOver(finishing);
  if (handedOver === 'cancelled') return endAs(await flagged(finishing), CANCELLED);
  if (handedOver !== 'exhausted') return handedOver;
  const error = new ChatError('DEADLINE', { requestId });
  return endAs(finishing, { status: 'INTERRUPTED', reason: 'DEADLINE', error });
}

const CANCELLED: Ending = { status: 'CANCELLED', reason: 'CANCELLED' };

/** The cancel that refused a write came after the last look at the flag: its time is read now, for the receipt. */
async function flagged(finishing: Finishing): Promise<Finishing> {
  const { ports, message } = finishing;
  const stored = await untilKnown(() => ports.table.get<AssistantMessageItem>(message));
  return { ...finishing, message: { ...message, cancelRequestedAt: stored?.cancelRequestedAt ?? null } };
}

async function endAs(finishing: Finishing, ending: Ending): Promise<Conclusion> {
  const { ports, message, answer } = finishing;
  const receiptOf = () => receipt(message, ending, attemptFacts(finishing, ports.clock.now()));
  const ended = await runRule({ table: ports.table }, endAttempt(message, answer, ending.status, receiptOf));
  if (ended === 'cancelled') return endAs(await flagged(finishing), CANCELLED);
  if (typeof ended === 'string') return ended;
  for (const sink of finishing.sinks) sink.end({ status: ending.status, end: ended.end });
  return 'terminal';
}
