/** Definitions of references and footnotes, which change what stands anywhere before and after them. */
const DEFINES = /^[ >]*\[[^\]]+\]:/m;
/** Raw HTML may reach over blank lines. */
const BEGINS_HTML = /^ {0,3}<[!?a-z/]/im;
const FENCE = /^ {0,3}(`{3,}|~{3,})(.*)$/;
/** A line that begins a block of its own after a blank line: not indented, and no item that may continue a list. */
const BEGINS_BLOCK = /^(?![-+*>]|\d{1,9}[.)])\S/;

/**
 * Cuts markdown at blank lines between top-level blocks, so that while text is appended only the last piece is parsed
 * again. The pieces join to the text, and each rendered alone gives what the whole gives: a text that defines references is
 * one piece, and from raw HTML on the rest is one.
 */
export function markdownBlocks(text: string): readonly string[] {
  if (DEFINES.test(text)) return [text];
  const html = text.search(BEGINS_HTML);
  const blocks: string[] = [];
  let fence: string | undefined;
  let isAfterBlank = false;
  let start = 0;
  for (let at = 0; at < text.length;) {
    const newline = text.indexOf('\n', at);
    const next = newline < 0 ? text.length : newline + 1;
    const line = text.slice(at, newline < 0 ? text.length : newline);
    if (html >= 0 && at > html) break;
    if (fence === undefined && isAfterBlank && BEGINS_BLOCK.test(line)) {
      blocks.push(text.slice(start, at));
      start = at;
    }
    fence = fenceAfter(fence, line);
    isAfterBlank = fence === undefined && line.trim() === '';
    at = next;
  }
  blocks.push(text.slice(start));
  return blocks;
}

/** The marker of the fence that is open after a line. */
function fenceAfter(open: string | undefined, line: string): string | undefined {
  const [, marker, info] = FENCE.exec(line) ?? [];
  if (marker === undefined || info === undefined) return open;
  if (open === undefined) return marker.startsWith('`') && info.includes('`') ? undefined : marker;
  const closes = marker.startsWith(open) && info.trim() === '';
  return closes ? undefined : open;
}
