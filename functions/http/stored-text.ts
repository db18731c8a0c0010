import type { PartKind } from '../../protocol/generated/schema-types.ts';
import type { AssistantMessageItem, TextItem } from '../../protocol/items.ts';
import { textRange } from '../../protocol/keys.ts';
import { storedLengths, textItemsFrom } from '../../protocol/state-page.ts';
import { splitByUnits } from '../../protocol/token-batch.ts';
import type { Delta } from '../generation/stream.ts';
import type { Table } from '../table/table.ts';

/** UTF-16 units of one event of a replay: some ten of them fill a reader's buffer, whatever JSON makes of the text. */
const MAX_PIECE_UNITS = 16_384;

/**
 * What is stored of one part outside the log from an offset on, in order, in pieces that split no surrogate pair. Of a long
 * text only the items that reach over the offset are read, one page at a time.
 */
export async function* storedFrom(
  table: Table,
  message: AssistantMessageItem,
  part: PartKind,
  from: number,
): AsyncGenerator<Delta, void, undefined> {
  const lengths = storedLengths(message);
  const length = part === 'TEXT' ? lengths.text : lengths.reasoning;
  let offset = from;
  for await (const stored of itemsFrom(table, message, part, from, length)) {
    const reaches = stored.offset <= offset && stored.offset + stored.text.length > offset;
    const text = reaches ? stored.text.slice(offset - stored.offset, length - stored.offset) : '';
    for (const piece of splitByUnits(text, MAX_PIECE_UNITS)) {
      yield { part, offset, text: piece };
      offset += piece.length;
    }
  }
}

async function* itemsFrom(
  table: Table,
  message: AssistantMessageItem,
  part: PartKind,
  from: number,
  length: number,
): AsyncGenerator<Pick<TextItem, 'offset' | 'text'>, void, undefined> {
  if (from >= length) return;
  const inline = part === 'TEXT' ? message.text : (message.reasoning ?? '');
  if (inline.length >= length) return yield { offset: 0, text: inline };
  const attempt = message.textAttempt ?? message.attempt;
  const range = textRange(message.id, attempt, part, textItemsFrom(from));
  yield* table.range<TextItem>({ pk: message.pk, ...range });
}
