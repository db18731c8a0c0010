/**
 * Compiles a Java regular expression (java.util.regex.Pattern) as APPSYNC_JS takes it in `util.matches`, `replace` and `replaceAll`.
 * Covers quoting, leading inline flags, `\A \z \Z \h \R`, `\p{Alpha}`-style classes and everything both languages share; it throws a
 * SyntaxError naming what is missing otherwise (possessive quantifiers, class intersections and unions, flags in the middle).
 * Matching is by code point. The same pattern gives the same object, with `lastIndex` 0 for callers that leave it alone.
 */
export function compileJavaPattern(pattern: string, mode: 'whole' | 'first' | 'all'): RegExp {
  const key = mode + pattern;
  const known = compiled.get(key);
  if (known) return known;
  const { source, flags } = translate(pattern);
  const regExp =
    mode === 'whole'
      ? new RegExp(`${INPUT_START}(?:${source})${INPUT_END}`, `u${flags}`)
      : new RegExp(source, `u${flags}${mode === 'all' ? 'g' : ''}`);
  if (compiled.size >= MAX_COMPILED) compiled.clear();
  compiled.set(key, regExp);
  return regExp;
}

/** Translates a Java replacement: `$1`, `${name}` are groups, a backslash quotes the next character. */
export function translateReplacement(replacement: string): string {
  return replacement.replace(/\\([\s\S])|\$\{(\w+)\}|\$(?!\d)/g, (whole, quoted?: string, group?: string) => {
    if (quoted !== undefined) return quoted === '$' ? '$$' : quoted;
    if (group !== undefined) return `$<${group}>`;
    throw new SyntaxError(`illegal group reference in replacement: ${whole}`);
  });
}

const MAX_COMPILED = 500;
/** Not `^` and `$`, whose meaning the flag m changes. */
const INPUT_START = '(?<![\\s\\S])';
const INPUT_END = '(?![\\s\\S])';
const compiled = new Map<string, RegExp>();

const POSIX: Readonly<Record<string, string>> = {
  Lower: 'a-z',
  Upper: 'A-Z',
  ASCII: '\\x00-\\x7f',
  Alpha: 'a-zA-Z',
  Digit: '0-9',
  Alnum: 'a-zA-Z0-9',
  Punct: '!-\\/:-@\\[-`\\{-~',
  Graph: '!-~',
  Print: ' -~',
  Blank: ' \\t',
  Cntrl: '\\x00-\\x1f\\x7f',
  XDigit: '0-9a-fA-F',
  Space: ' \\t\\n\\x0b\\f\\r',
};

/** Java's classes are ASCII; those of JavaScript are not. */
const CLASSES: Readonly<Record<string, { inside: string; negated: boolean }>> = {
  h: { inside: ' \\t\\xa0\\u1680\\u180e\\u2000-\\u200a\\u202f\\u205f\\u3000', negated: false },
  s: { inside: ' \\t\\n\\x0b\\f\\r', negated: false },
  S: { inside: ' \\t\\n\\x0b\\f\\r', negated: true },
};

const OUTSIDE: Readonly<Record<string, string>> = {
  A: INPUT_START,
  z: INPUT_END,
  Z: `(?=\\n?${INPUT_END})`,
  R: '(?:\\r\\n|[\\n\\x0b\\f\\r\\x85\\u2028\\u2029])',
  b: '\\b',
  B: '\\B',
};

function translate(pattern: string): { source: string; flags: string } {
  const leading = /^\(\?([imsu]+)\)/.exec(pattern);
  const flags = leading ? [...new Set(leading[1])].filter((flag) => flag !== 'u').join('') : '';
  let position = leading ? leading[0].length : 0;
  let source = '';
  let inClass = false;
  // Every branch moves the position on by at least one character.
  for (; position < pattern.length;) {
    const rest = pattern.slice(position);
    const character = pattern[position] ?? '';
    if (rest.startsWith('\\Q')) {
      const end = pattern.indexOf('\\E', position);
      const quoted = pattern.slice(position + 2, end < 0 ? undefined : end);
      source += quoted.replace(/[\^$\\.*+?()[\]{}|/-]/g, (c) => (c === '-' ? '\\x2d' : `\\${c}`));
      position = end < 0 ? pattern.length : end + 2;
    } else if (character === '\\') {
      const { text, length } = translateEscape(rest, inClass);
      source += text;
      position += length;
    } else if (inClass) {
      if (character === '[' || rest.startsWith('&&')) {
        throw new SyntaxError(`unions and intersections of character classes are not supported: ${pattern}`);
      }
      if (character === ']') inClass = false;
      source += character;
      position += 1;
    } else if (character === '[') {
      inClass = true;
      const open = /^\[\^?\]?/.exec(rest)?.[0] ?? '[';
      source += open.endsWith(']') ? `${open.slice(0, -1)}\\]` : open;
      position += open.length;
    } else {
      refuseUnsupported(rest, pattern);
      source += character === ']' || (character === '}' && !/\{\d+(,\d*)?$/.test(source)) ? '\\' : '';
      source += character;
      position += 1;
    }
  }
  return { source, flags };
}

function refuseUnsupported(rest: string, pattern: string): void {
  if (/^(?:[*+?]|\{\d+(?:,\d*)?\})\+/.test(rest)) {
    throw new SyntaxError(`possessive quantifiers are not supported: ${pattern}`);
  }
  if (/^\(\?(?:>|[a-zA-Z]*(?:-[a-zA-Z]+)?[:)])/.test(rest) && !rest.startsWith('(?:')) {
    throw new SyntaxError(`atomic groups and flags after the start are not supported: ${pattern}`);
  }
}

function translateEscape(rest: string, inClass: boolean): { text: string; length: number } {
  const letter = rest[1];
  if (letter === undefined) throw new SyntaxError('pattern ends with a backslash');
  const property = /^\\([pP])\{(\w+)\}/.exec(rest);
  if (property) {
    const posix = POSIX[property[2] ?? ''];
    const length = property[0].length;
    if (!posix) return { text: property[0].replace(/\{Is/, '{'), length };
    if (!inClass) return { text: `[${property[1] === 'P' ? '^' : ''}${posix}]`, length };
    if (property[1] === 'p') return { text: posix, length };
    throw new SyntaxError(`negated class inside a character class is not supported: ${property[0]}`);
  }
  const codePoint = /^\\x\{([0-9a-fA-F]+)\}/.exec(rest);
  if (codePoint) return { text: `\\u{${codePoint[1]}}`, length: codePoint[0].length };
  const known = CLASSES[letter];
  if (known) {
    if (!inClass) return { text: `[${known.negated ? '^' : ''}${known.inside}]`, length: 2 };
    return { text: known.negated ? `\\${letter}` : known.inside, length: 2 };
  }
  if (!inClass && OUTSIDE[letter]) return { text: OUTSIDE[letter], length: 2 };
  if (letter === 'a') return { text: '\\x07', length: 2 };
  if (letter === 'e') return { text: '\\x1b', length: 2 };
  if (/[dDwWtnrfxuck0-9]/.test(letter)) return { text: `\\${letter}`, length: 2 };
  if (/[a-zA-Z]/.test(letter)) throw new SyntaxError(`illegal escape in pattern: \\${letter}`);
  const codeUnits = rest.slice(1).match(/^[\s\S]/u)?.[0] ?? letter;
  return {
    text: /[\^$\\.*+?()[\]{}|/-]/.test(letter) && (inClass || letter !== '-') ? `\\${letter}` : codeUnits,
    length: 1 + codeUnits.length,
  };
}
