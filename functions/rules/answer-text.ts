import type { PartKind } from '../../protocol/generated/schema-types.ts';
import type { AssistantMessageItem, LogItem, TextItem } from '../../protocol/items.ts';
import { logRange, textRange, textSlot } from '../../protocol/keys.ts';
import { MAX_INLINE_TEXT_BYTES, MAX_TEXT_ITEM_UNITS } from '../../protocol/limits.ts';
import { storedLengths } from '../../protocol/state-page.ts';
import { fittingUnits, splitByUnits, utf8Bytes } from '../../protocol/token-batch.ts';
import { put, range, type Rule } from './operations.ts';

/** Both parts of an answer. */
export interface AnswerText {
  text: string;
  reasoning: string;
}

/** What the message item itself holds after `storeAnswer`. */
export interface InlineText extends AnswerText {
  /** Set when a part is longer than the item holds. */
  textAttempt: number | null;
}

/** Reads what is stored outside the log: everything of a terminal answer, else what earlier attempts wrote. */
export function* storedAnswer(message: AssistantMessageItem): Rule<AnswerText> {
  const lengths = storedLengths(message);
  return {
    text: yield* readPart(message, 'TEXT', message.text, lengths.text),
    reasoning: yield* readPart(message, 'REASONING', message.reasoning ?? '', lengths.reasoning),
  };
}

function* readPart(
  message: AssistantMessageItem,
  part: PartKind,
  inline: string,
  length: number,
): Rule<string> {
  if (inline.length >= length) return inline.slice(0, length);
  const wanted = textRange(message.id, message.textAttempt ?? message.attempt, part, 0);
  const items = yield* range<TextItem>('text.read', { pk: message.pk, ...wanted });
  return items
    .map((item) => item.text)
    .join('')
    .slice(0, length);
}

/** The log of the newest attempt in order, its SEAL included. */
export function* attemptLog(message: AssistantMessageItem): Rule<LogItem[]> {
  const resume = message.resumeOffset + message.resumeReasoningOffset;
  const items = yield* range<LogItem>('log.read', { pk: message.pk, ...logRange(message.id, resume) });
  return items.filter((item) => item.attempt === message.attempt);
}

/**
 * Prepares an answer for the message item. A part longer than 32 KB of UTF-8 is first put whole into text items of this
 * attempt (harmless when repeated); the item then holds its beginning.
 */
export function* storeAnswer(message: AssistantMessageItem, answer: AnswerText): Rule<InlineText> {
  const text = yield* storePart(message, 'TEXT', answer.text);
  const reasoning = yield* storePart(message, 'REASONING', answer.reasoning);
  const isLong = text !== answer.text || reasoning !== answer.reasoning;
  return { text, reasoning, textAttempt: isLong ? message.attempt : null };
}

function* storePart(message: AssistantMessageItem, part: PartKind, text: string): Rule<string> {
  if (utf8Bytes(text) <= MAX_INLINE_TEXT_BYTES) return text;
  let offset = 0;
  for (const piece of splitByUnits(text, MAX_TEXT_ITEM_UNITS)) {
    const item: TextItem = {
      pk: message.pk,
      sk: textSlot(message.id, message.attempt, part, offset),
      messageId: message.id,
      offset,
      text: piece,
    };
    yield* put('text', item);
    offset += piece.length;
  }
  return text.slice(0, fittingUnits(text, MAX_INLINE_TEXT_BYTES));
}
