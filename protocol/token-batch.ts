/** Measures and cuts text for token batches (I10): sizes are UTF-8 bytes, cuts never split a surrogate pair. Pure. */
import { MAX_BATCH_BYTES } from './limits.ts';

const isHighSurrogate = (unit: number) => unit >= 0xd800 && unit <= 0xdbff;
const isLowSurrogate = (unit: number) => unit >= 0xdc00 && unit <= 0xdfff;

/** UTF-8 bytes of a text; a lone surrogate counts 3, as the replacement character it is encoded as. */
export function utf8Bytes(text: string): number {
  let bytes = 0;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit < 0x80) bytes += 1;
    else if (unit < 0x800) bytes += 2;
    else if (isHighSurrogate(unit) && isLowSurrogate(text.charCodeAt(index + 1))) {
      bytes += 4;
      index += 1;
    } else bytes += 3;
  }
  return bytes;
}

/** The largest cut at or before `index` that splits no surrogate pair. */
export function safeCut(text: string, index: number): number {
  if (index <= 0 || index >= text.length) return Math.max(0, Math.min(index, text.length));
  return isHighSurrogate(text.charCodeAt(index - 1)) && isLowSurrogate(text.charCodeAt(index))
    ? index - 1
    : index;
}

/** Units of the longest beginning of `text` that has at most `maxBytes` UTF-8 bytes and splits no pair; at least one code point. */
export function fittingUnits(text: string, maxBytes: number = MAX_BATCH_BYTES): number {
  let bytes = 0;
  let index = 0;
  while (index < text.length) {
    const unit = text.charCodeAt(index);
    const isPair = isHighSurrogate(unit) && isLowSurrogate(text.charCodeAt(index + 1));
    const size = unit < 0x80 ? 1 : unit < 0x800 ? 2 : isPair ? 4 : 3;
    if (bytes + size > maxBytes && index > 0) return index;
    bytes += size;
    index += isPair ? 2 : 1;
  }
  return index;
}

/**
 * Cuts a text into pieces of at most `maxUnits` UTF-16 units that split no pair and join to it again; a piece has at
 * least one code point, so a pair passes a limit of one unit.
 */
export function splitByUnits(text: string, maxUnits: number): string[] {
  const pieces: string[] = [];
  let from = 0;
  while (from < text.length) {
    const cut = safeCut(text, from + Math.max(1, maxUnits));
    const to = cut > from ? cut : from + 2;
    pieces.push(text.slice(from, to));
    from = to;
  }
  return pieces;
}

/**
 * Splits off what cannot be sent yet: a trailing high surrogate waits for its other half. Lone surrogates elsewhere
 * become U+FFFD, because UTF-8 cannot carry them and every reader must see the text that was hashed.
 */
export function sendable(text: string): { ready: string; rest: string } {
  const last = text.length - 1;
  const holdsBack = last >= 0 && isHighSurrogate(text.charCodeAt(last));
  const ready = holdsBack ? text.slice(0, last) : text;
  return { ready: ready.toWellFormed(), rest: holdsBack ? text.slice(last) : '' };
}

/** Length of the beginning that ends after the last white space; 0 when there is none. */
export function lastWordBoundary(text: string): number {
  for (let index = text.length; index > 0; index -= 1) {
    if (/\s/.test(text.charAt(index - 1))) return index;
  }
  return 0;
}
