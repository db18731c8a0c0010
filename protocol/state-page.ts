/**
 * How a `messageState` page is put together from stored text and log, in the APPSYNC_JS subset. A page begins at the
 * asked offsets and ends before its budget does; `more` says that another follows.
 */
import type { AssistantMessageItem, LogItem, TextItem } from './items.ts';
import { MAX_STATE_PAGE_UNITS, MAX_TEXT_ITEM_UNITS } from './limits.ts';

/** A page under construction. */
export interface StatePage {
  text: string;
  reasoning: string;
  throughSeq: number;
  more: boolean;
}

/** A page with nothing in it. */
export function emptyPage(): StatePage {
  return { text: '', reasoning: '', throughSeq: -1, more: false };
}

/** How much text and reasoning is stored outside the log: all of it once terminal, else what earlier attempts wrote. */
export function storedLengths(message: AssistantMessageItem): { text: number; reasoning: number } {
  if (message.role !== 'ASSISTANT') return { text: message.text.length, reasoning: 0 };
  if (message.end) return { text: message.end.length, reasoning: message.end.reasoningLength };
  return { text: message.resumeOffset, reasoning: message.resumeReasoningOffset };
}

/** Units the page may still take. */
export function budgetLeft(page: StatePage): number {
  return MAX_STATE_PAGE_UNITS - page.text.length - page.reasoning.length;
}

/** The beginning of a text that fits a budget and splits no surrogate pair. */
export function withinBudget(text: string, budget: number): string {
  if (text.length <= budget) return text;
  const cut = text.slice(0, Math.max(0, budget));
  const last = cut.charAt(cut.length - 1);
  return last >= '\ud800' && last <= '\udbff' ? cut.slice(0, -1) : cut;
}

/** Where the text items that hold an offset begin at the earliest. */
export function textItemsFrom(offset: number): number {
  return Math.max(0, offset - MAX_TEXT_ITEM_UNITS + 1);
}

/** Joins text items, in order, into what follows an offset. */
export function joinTextItems(items: TextItem[], fromOffset: number): string {
  let text = '';
  for (const item of items) {
    const next = fromOffset + text.length;
    const reaches = item.offset <= next && item.offset + item.text.length > next;
    if (reaches) text = text + item.text.slice(next - item.offset);
  }
  return text;
}

/** Position from which the log is asked: what lies before it is known to the reader or stored outside the log. */
export function askedPosition(
  message: AssistantMessageItem,
  fromOffset: number,
  fromReasoningOffset: number,
): number {
  return (
    Math.max(fromOffset, message.resumeOffset) + Math.max(fromReasoningOffset, message.resumeReasoningOffset)
  );
}

/**
 * Adds log batches of the newest attempt, in key order, to a page that holds all stored text before them. A batch that
 * would leave a hole is left out, and `throughSeq` stays before it; one that passes the budget ends the page with `more`.
 */
export function addLog(
  page: StatePage,
  items: LogItem[],
  attempt: number,
  fromOffset: number,
  fromReasoningOffset: number,
): StatePage {
  const next: StatePage = {
    text: page.text,
    reasoning: page.reasoning,
    throughSeq: page.throughSeq,
    more: page.more,
  };
  let hasHole = false;
  for (const item of items) {
    const isBatch = item.kind === 'BATCH' && item.attempt === attempt;
    if (isBatch && !next.more) {
      const isText = item.part === 'TEXT';
      const end = isText ? fromOffset + next.text.length : fromReasoningOffset + next.reasoning.length;
      const joins = item.offset <= end;
      const fresh = joins ? item.text.slice(end - item.offset) : '';
      if (fresh.length > budgetLeft(next)) {
        next.more = true;
      } else if (joins) {
        if (isText) next.text = next.text + fresh;
        else next.reasoning = next.reasoning + fresh;
        if (!hasHole) next.throughSeq = item.seq;
      } else {
        hasHole = true;
      }
    }
  }
  return next;
}
