import type { AssistantMessageItem, LogItem } from '../../protocol/items.ts';
import { logSlot } from '../../protocol/keys.ts';
import { LOG_TTL_SECONDS } from '../../protocol/limits.ts';
import { IF_ABSENT } from '../../protocol/writes.ts';
import { attemptLog, storedAnswer, type AnswerText } from './answer-text.ts';
import { put, type Rule } from './operations.ts';

/** Ids of seals, so that a repeated settle knows a seal from a batch without reading its claim. */
const SEALER = 'seal';

/** What the log of an attempt comes to. */
interface LogEnd {
  position: number;
  seq: number;
  isSealed: boolean;
}

function* endOfLog(message: AssistantMessageItem): Rule<LogEnd> {
  const end = { position: message.resumeOffset + message.resumeReasoningOffset, seq: 1, isSealed: false };
  for (const item of yield* attemptLog(message)) {
    if (item.kind === 'SEAL') return { ...end, isSealed: true };
    end.position = item.textLength + item.reasoningLength;
    end.seq = item.seq + 1;
  }
  return end;
}

/**
 * Puts a SEAL at the attempt's next free slot, so that nothing can extend its log any more (I4). When a worker took the
 * slot meanwhile, reads again and tries the next one. Harmless when repeated.
 */
export function* sealLog(message: AssistantMessageItem, now: number): Rule<void> {
  for (;;) {
    const end = yield* endOfLog(message);
    if (end.isSealed) return;
    const item: LogItem = {
      pk: message.pk,
      sk: logSlot(message.id, end.position, message.attempt),
      messageId: message.id,
      kind: 'SEAL',
      attempt: message.attempt,
      seq: end.seq,
      part: 'TEXT',
      offset: 0,
      text: '',
      claimId: SEALER,
      textLength: 0,
      reasoningLength: 0,
      sha256: '',
      ttl: Math.floor(now / 1000) + LOG_TTL_SECONDS,
    };
    if ((yield* put('seal', item, IF_ABSENT)) === 'stored') return;
  }
}

/** A sealed attempt's answer. */
export interface FoldedAnswer {
  answer: AnswerText;
  textLength: number;
  reasoningLength: number;
  sha256: string;
  batches: number;
}

/** Folds stored text and log into the whole answer; lengths and SHA-256 are those the last batch carries. */
export function* foldSealed(message: AssistantMessageItem): Rule<FoldedAnswer> {
  const folded: FoldedAnswer = {
    answer: yield* storedAnswer(message),
    textLength: message.resumeOffset,
    reasoningLength: message.resumeReasoningOffset,
    sha256: message.sha256,
    batches: 0,
  };
  for (const item of yield* attemptLog(message)) {
    if (item.kind === 'SEAL') break;
    if (item.part === 'TEXT') folded.answer.text += item.text;
    else folded.answer.reasoning += item.text;
    folded.textLength = item.textLength;
    folded.reasoningLength = item.reasoningLength;
    folded.sha256 = item.sha256;
    folded.batches += 1;
  }
  return folded;
}
