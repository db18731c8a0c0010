import type { GenerationEnd, Usage } from '../../protocol/generated/schema-types.ts';
import { generationEventOf, type AssistantMessageItem } from '../../protocol/items.ts';
import { START_BY_MS } from '../../protocol/limits.ts';
import { assign } from '../../protocol/writes.ts';
import { storeAnswer, type AnswerText } from './answer-text.ts';
import { writeOwn, type Refusal } from './own-write.ts';
import { get, invoke, update, type Rule } from './operations.ts';

/** What is handed over: the answer so far, what it has used, and the receipt in case nobody takes it. */
export interface HandedOver {
  readonly answer: AnswerText & { readonly sha256: string };
  readonly usage: Usage | null;
  readonly now: () => number;
  /** The receipt of an INTERRUPTED answer whose next attempt could not be invoked. */
  readonly receiptOf: () => GenerationEnd;
  /** Told why the invocation failed. */
  readonly onFailure: (error: unknown) => void;
}

/** `handedOver`, why not, or the receipt with which this worker ended the next attempt itself. */
export type HandOverResult = 'handedOver' | Refusal | { readonly end: GenerationEnd };

/**
 * Makes the message PENDING with the next attempt, the text so far stored like END would store it, and invokes
 * `generate`. When the invocation fails, this worker ends the next attempt itself while nobody has claimed it.
 */
export function* handOverAttempt(message: AssistantMessageItem, given: HandedOver): Rule<HandOverResult> {
  const { answer } = given;
  const now = given.now();
  const attempt = message.attempt + 1;
  const inline = yield* storeAnswer(message, answer);
  const written = yield* writeOwn('handOver', message, {
    values: {
      ...inline,
      status: 'PENDING',
      attempt,
      leaseUntil: now + START_BY_MS,
      invokedAt: 0,
      resumeOffset: answer.text.length,
      resumeReasoningOffset: answer.reasoning.length,
      sha256: answer.sha256,
      usage: given.usage,
      handovers: message.handovers + 1,
    },
    removed: ['claimId', 'startedAt'],
    unlessCancelled: true,
    // A continueMessage that followed a settle makes the same attempt, but counts its hand-overs anew.
    happened: (stored) =>
      stored.attempt === attempt &&
      stored.sha256 === answer.sha256 &&
      stored.handovers === message.handovers + 1,
  });
  if (written !== 'written') return written;
  try {
    yield* invoke('handOver.invoke', { ...generationEventOf(message), attempt });
    return 'handedOver';
  } catch (error) {
    given.onFailure(error);
  }
  return yield* endUnclaimed(message, attempt, given.receiptOf());
}

function* endUnclaimed(
  message: AssistantMessageItem,
  attempt: number,
  end: GenerationEnd,
): Rule<HandOverResult> {
  const key = { pk: message.pk, sk: message.sk };
  const written = yield* update<AssistantMessageItem>('handOver.endUnclaimed', {
    key,
    update: assign({ status: 'INTERRUPTED', end }),
    condition: {
      expression: '#status = :pending AND #attempt = :next',
      names: { '#status': 'status', '#attempt': 'attempt' },
      values: { ':pending': 'PENDING', ':next': attempt },
    },
  });
  if (written !== 'refused') return { end };
  // It may have happened before, its answer lost.
  const stored = yield* get<AssistantMessageItem>('handOver.ownEnd', key);
  const isOwnEnd =
    stored?.status === 'INTERRUPTED' &&
    stored.attempt === attempt &&
    stored.end?.error?.requestId === end.error?.requestId &&
    stored.end?.timing?.endedAt === end.timing?.endedAt;
  return isOwnEnd ? { end } : 'handedOver';
}
