import { isDeepStrictEqual } from 'node:util';
import type { GenerationEnd } from '../../protocol/generated/schema-types.ts';
import type { AssistantMessageItem } from '../../protocol/items.ts';
import type { Ending } from '../generation/receipt.ts';
import { storeAnswer, type AnswerText } from './answer-text.ts';
import { writeOwn, type Refusal } from './own-write.ts';
import type { Rule } from './operations.ts';

/**
 * Stores an attempt's whole answer and then its terminal status with the receipt, in one write conditional on still
 * holding the message. Answers the receipt as it was written, or why the attempt may not end so. Only INTERRUPTED is also
 * refused by the cancel flag: nobody is to continue what its owner has stopped.
 */
export function* endAttempt(
  message: AssistantMessageItem,
  answer: AnswerText,
  status: Ending['status'],
  receiptOf: () => GenerationEnd,
): Rule<{ readonly end: GenerationEnd } | Refusal> {
  const inline = yield* storeAnswer(message, answer);
  const end = receiptOf();
  const written = yield* writeOwn('end', message, {
    values: { status, end, model: end.model, ...inline },
    unlessCancelled: status === 'INTERRUPTED',
    // Not text and status alone: settle may have ended this very claim the same way, with a receipt of its own.
    happened: (stored) => stored.status === status && isStoredAs(stored.end, end),
  });
  return written === 'written' ? { end } : written;
}

/** Whether the database holds exactly this receipt; it keeps no undefined fields. */
function isStoredAs(stored: GenerationEnd | null, end: GenerationEnd): boolean {
  return isDeepStrictEqual(stored, JSON.parse(JSON.stringify(end)));
}
