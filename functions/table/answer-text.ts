import type { PartKind } from '../../protocol/generated/schema-types.ts';
import type { AssistantMessageItem, LogItem, TextItem } from '../../protocol/items.ts';
import { logRange, textRange, textSlot } from '../../protocol/keys.ts';
import { MAX_INLINE_TEXT_BYTES, MAX_TEXT_ITEM_UNITS } from '../../protocol/limits.ts';
import { storedLengths } from '../../protocol/state-page.ts';
import { fittingUnits, splitByUnits, utf8Bytes } from '../../protocol/token-batch.ts';
import type { Table } from './table.ts';
import { untilKnown } from './persist.ts';

/** Both parts of an answer. */
export interface AnswerText {
  text: string;
  reasoning: string;
}

/** What the message item itself holds after `storeText`. */
export interface InlineText extends AnswerText {
  /** Set when a part is longer than the item holds. */
  textAttempt: number | null;
}

/** Reads what is stored outside the log: everything of a terminal answer, else what earlier attempts wrote. */
export async function readStoredText(table: Table, message: AssistantMessageItem): Promise<AnswerText> {
  const lengths = storedLengths(message);
  return {
    text: await readPart(table, message, 'TEXT', message.text, lengths.text),
    reasoning: await readPart(table, message, 'REASONING', message.reasoning ?? '', lengths.reasoning),
  };
}

async function readPart(
  table: Table,
  message: AssistantMessageItem,
  part: PartKind,
  inline: string,
  length: number,
): Promise<string> {
  if (inline.length >= length) return inline.slice(0, length);
  const range = textRange(message.id, message.textAttempt ?? message.attempt, part, 0);
  let text = '';
  for await (const item of table.range<TextItem>({ pk: message.pk, ...range })) text += item.text;
  return text.slice(0, length);
}

/** Reads an answer that is still written: stored text, then the log of the newest attempt. */
export async function readCurrentText(table: Table, message: AssistantMessageItem): Promise<AnswerText> {
  const answer = await readStoredText(table, message);
  if (message.status !== 'STREAMING') return answer;
  for await (const item of readLog(table, message)) {
    if (item.kind === 'SEAL') continue;
    if (item.part === 'TEXT') answer.text += item.text;
    else answer.reasoning += item.text;
  }
  return answer;
}

/** The log of the newest attempt in order, its SEAL included. */
export async function* readLog(
  table: Table,
  message: AssistantMessageItem,
): AsyncGenerator<LogItem, void, undefined> {
  const resume = message.resumeOffset + message.resumeReasoningOffset;
  for await (const item of table.range<LogItem>({ pk: message.pk, ...logRange(message.id, resume) })) {
    if (item.attempt === message.attempt) yield item;
  }
}

/**
 * Prepares an answer for the message item. A part longer than 32 KB of UTF-8 is first put whole into text items of this
 * attempt (harmless when repeated); the item then holds its beginning.
 */
export async function storeText(
  table: Table,
  message: AssistantMessageItem,
  answer: AnswerText,
): Promise<InlineText> {
  const text = await storePart(table, message, 'TEXT', answer.text);
  const reasoning = await storePart(table, message, 'REASONING', answer.reasoning);
  const isLong = text !== answer.text || reasoning !== answer.reasoning;
  return { text, reasoning, textAttempt: isLong ? message.attempt : null };
}

async function storePart(
  table: Table,
  message: AssistantMessageItem,
  part: PartKind,
  text: string,
): Promise<string> {
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
    await untilKnown(() => table.put(item));
    offset += piece.length;
  }
  return text.slice(0, fittingUnits(text, MAX_INLINE_TEXT_BYTES));
}
