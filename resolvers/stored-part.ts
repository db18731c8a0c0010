import { runtime, type Context } from '@aws-appsync/utils';
import type { PartKind } from '../protocol/generated/schema-types.ts';
import type { TextItem } from '../protocol/items.ts';
import { partitionOf, textRange } from '../protocol/keys.ts';
import {
  budgetLeft,
  joinTextItems,
  storedLengths,
  textItemsFrom,
  withinBudget,
} from '../protocol/state-page.ts';
import { failInternal, stashOf } from './caller.ts';
import { queryRange } from './table-requests.ts';

/** The asked range of one part as far as it is stored outside the log. */
export interface StoredPart {
  part: PartKind;
  /** What the message item holds of it: whole, or the beginning of a long one. */
  inline: string;
  from: number;
  /** Units stored outside the log. */
  length: number;
}

/** Describes the asked range of a part. */
export function storedPart(ctx: Context, part: PartKind, from: number | null | undefined): StoredPart {
  const message = stashOf(ctx).message;
  const lengths = storedLengths(message);
  return part === 'TEXT'
    ? { part, inline: message.text, from: from ?? 0, length: lengths.text }
    : { part, inline: message.reasoning ?? '', from: from ?? 0, length: lengths.reasoning };
}

/** Takes the part from the message item, or asks for the text items of a long one: at most two can reach into a page. */
export function readStoredPart(ctx: Context, wanted: StoredPart) {
  const stash = stashOf(ctx);
  if (wanted.from >= wanted.length || stash.page.more) return runtime.earlyReturn(null);
  if (wanted.inline.length >= wanted.length) {
    take(ctx, wanted, wanted.inline.slice(wanted.from, wanted.length));
    return runtime.earlyReturn(null);
  }
  const attempt = stash.message.textAttempt ?? stash.message.attempt;
  const range = textRange(stash.message.id, attempt, wanted.part, textItemsFrom(wanted.from));
  return queryRange(partitionOf(stash.owner, stash.conversationId), range, 3);
}

/** Adds the text items' piece to the page. */
export function addStoredPart(ctx: Context, wanted: StoredPart) {
  if (ctx.error) failInternal('readStoredPart', ctx.error);
  const items = ((ctx.result as { items?: TextItem[] } | null)?.items ?? []).slice();
  take(ctx, wanted, joinTextItems(items, wanted.from).slice(0, wanted.length - wanted.from));
}

function take(ctx: Context, wanted: StoredPart, text: string) {
  const page = stashOf(ctx).page;
  const fitting = withinBudget(text, budgetLeft(page));
  if (wanted.part === 'TEXT') page.text = fitting;
  else page.reasoning = fitting;
  page.more = wanted.from + fitting.length < wanted.length;
}
