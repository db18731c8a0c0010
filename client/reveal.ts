/**
 * The paced reveal: text that arrived in a batch appears over the window that the batch announced, so that the eye sees a
 * steady stream. Pure: states are immutable, the clock is an argument.
 */

/** When an answer ends, what is not shown yet appears within this time: nobody waits for text that is all there. */
export const SETTLE_WITHIN_MS = 200;

/** How far around a cut characters are looked at to keep together what is shown as one. */
const CONTEXT_UNITS = 48;

/** What is shown of a growing text. */
export interface Reveal {
  /** Everything that may be shown. */
  readonly text: string;
  /** UTF-16 units shown at `at`. What was shown is never taken back while the text grows. */
  readonly units: number;
  /** In the caller's milliseconds. */
  readonly at: number;
  /** When all of `text` is shown; at most `at` when it is. */
  readonly endAt: number;
}

/** A text that is shown at once: history, a reload, a remount. */
export function revealedWhole(text: string, now: number): Reveal {
  return { text, units: text.length, at: now, endAt: now };
}

/**
 * Aims at the newest text, to be shown within `nextWithinMs`; 0: at once. Text that waits already appears no later than
 * it would have. A text that does not continue the one before (cut, corrected) is shown at once. The same text with 0 is
 * an answer that ended: the rest appears within 200 ms. The same object when nothing is new.
 */
export function revealTowards(reveal: Reveal, text: string, nextWithinMs: number, now: number): Reveal {
  const units = revealedUnits(reveal, now);
  if (text === reveal.text) {
    const endAt = now + SETTLE_WITHIN_MS;
    return nextWithinMs > 0 || reveal.endAt <= endAt ? reveal : { text, units, at: now, endAt };
  }
  if (nextWithinMs <= 0 || !text.startsWith(reveal.text)) return revealedWhole(text, now);
  // Never slower than before: what waited keeps the time it was promised.
  const waiting = reveal.text.length - units;
  const endAtOldPace = now + ((reveal.endAt - now) / waiting) * (text.length - units);
  const endAt = waiting > 0 ? Math.min(now + nextWithinMs, endAtOldPace) : now + nextWithinMs;
  return { text, units, at: now, endAt };
}

/** Whether some of the text is not shown yet. */
export function isRevealing(reveal: Reveal, now: number): boolean {
  return now < reveal.endAt && reveal.units < reveal.text.length;
}

/**
 * How many UTF-16 units to show at a time: steadily more until `endAt`, then all. Never fewer than before, and never part
 * of a surrogate pair or, where `Intl.Segmenter` exists, of what is read as one character.
 */
export function revealedUnits(reveal: Reveal, now: number): number {
  const { text, units, at, endAt } = reveal;
  if (!isRevealing(reveal, now)) return text.length;
  const share = Math.max(0, now - at) / (endAt - at);
  const cut = units + Math.floor((text.length - units) * share);
  return Math.max(units, wholeCharacters(text, cut));
}

const segmenter = typeof Intl === 'object' && 'Segmenter' in Intl ? new Intl.Segmenter() : undefined;

/** The last place at or before `cut` that is inside no character. */
function wholeCharacters(text: string, cut: number): number {
  if (cut <= 0 || cut >= text.length || (isPlain(text, cut - 1) && isPlain(text, cut))) return cut;
  if (!segmenter) return isLowSurrogate(text, cut) ? cut - 1 : cut;
  // A piece of the text will do: from after the last plain character, which nothing before it can join.
  let from = cut;
  while (from > 0 && cut - from < CONTEXT_UNITS && !isPlain(text, from - 1)) from -= 1;
  if (isLowSurrogate(text, from)) from -= 1;
  if (from > 0 && isPlain(text, from - 1)) from -= 1;
  const piece = text.slice(from, cut + CONTEXT_UNITS);
  return from + (segmenter.segment(piece).containing(cut - from)?.index ?? 0);
}

/** Whether the unit is printable ASCII: two of them are always two characters. */
function isPlain(text: string, index: number): boolean {
  const unit = text.charCodeAt(index);
  return unit >= 0x20 && unit < 0x7f;
}

function isLowSurrogate(text: string, index: number): boolean {
  const unit = text.charCodeAt(index);
  return unit >= 0xdc00 && unit <= 0xdfff;
}
