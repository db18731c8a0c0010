/**
 * The part of Java's DateTimeFormatter that `util.time` takes: letters y u M L d D E H h K k m s S n a z V X x Z O, quoted text, any
 * other text as it is. English texts. An unknown letter is a RangeError that names it.
 */

type Token = { text: string } | { letter: string; count: number };

interface Fields {
  year: number;
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
  millisecond: number;
}

const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];
const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** Formats an instant in a time zone (IANA name or `UTC`). */
export function formatInstant(epochMs: number, pattern: string, timeZone: string): string {
  const offset = zoneOffsetMs(epochMs, timeZone);
  const local = new Date(epochMs + offset);
  return tokenize(pattern)
    .map((token) =>
      'text' in token ? token.text : formatField(token.letter, token.count, local, offset, timeZone),
    )
    .join('');
}

/**
 * Reads an instant. An offset in the text wins over `timeZone`; fields the pattern leaves out are the start of 1970-01-01. Throws a
 * RangeError when the text does not fit the pattern or names no existing date.
 */
export function parseInstant(text: string, pattern: string, timeZone: string): number {
  const fields: Fields = { year: 1970, month: 1, day: 1, hour: 0, minute: 0, second: 0, millisecond: 0 };
  let afternoon: boolean | undefined;
  let offsetMs: number | undefined;
  let position = 0;
  const fail = (): never => {
    throw new RangeError(`'${text}' does not fit the format '${pattern}' at position ${position}`);
  };
  const take = (expression: RegExp): string => {
    const found = expression.exec(text.slice(position));
    if (!found || found.index !== 0) return fail();
    position += found[0].length;
    return found[0];
  };
  for (const token of tokenize(pattern)) {
    if ('text' in token) {
      if (!text.startsWith(token.text, position)) fail();
      position += token.text.length;
      continue;
    }
    const { letter, count } = token;
    if ('yuMLdHkhKms'.includes(letter) && !('ML'.includes(letter) && count > 2)) {
      const digits = take(count === 1 || count === 4 ? /\d{1,9}/ : new RegExp(`\\d{${count}}`));
      setField(fields, letter, count, Number(digits));
    } else if (letter === 'M' || letter === 'L') {
      const names = count === 3 ? MONTHS.map((name) => name.slice(0, 3)) : MONTHS;
      fields.month = names.indexOf(take(new RegExp(names.join('|')))) + 1;
    } else if (letter === 'E') {
      take(new RegExp((count < 4 ? DAYS.map((name) => name.slice(0, 3)) : DAYS).join('|')));
    } else if (letter === 'S') {
      fields.millisecond = Math.floor(Number(`0.${take(new RegExp(`\\d{${count}}`))}`) * 1000);
    } else if (letter === 'a') {
      afternoon = take(/AM|PM/) === 'PM';
    } else if ('XxZO'.includes(letter)) {
      offsetMs = readOffset(take(/Z|(?:GMT)?[+-]\d{1,2}(?::?\d{2})?(?::?\d{2})?|GMT/));
    } else {
      throw new RangeError(`format letter '${letter}' is not supported for parsing`);
    }
  }
  if (position !== text.length) fail();
  if (afternoon !== undefined) fields.hour = (fields.hour % 12) + (afternoon ? 12 : 0);
  const asUtc = toUtc(fields) ?? fail();
  if (offsetMs !== undefined) return asUtc - offsetMs;
  // Twice, because the offset is that of the result, not that of the first guess.
  const guess = asUtc - zoneOffsetMs(asUtc, timeZone);
  return asUtc - zoneOffsetMs(guess, timeZone);
}

/** Reads an ISO 8601 date and time with offset. Throws a RangeError for anything else. */
export function parseIso8601(text: string): number {
  const shape = /^[+-]?\d{4,9}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2})$/;
  const parsed = shape.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(parsed)) throw new RangeError(`'${text}' is not an ISO 8601 date and time with offset`);
  return parsed;
}

function setField(fields: Fields, letter: string, count: number, value: number): void {
  if (letter === 'y' || letter === 'u') fields.year = count === 2 ? 2000 + value : value;
  else if (letter === 'M' || letter === 'L') fields.month = value;
  else if (letter === 'd') fields.day = value;
  else if (letter === 'm') fields.minute = value;
  else if (letter === 's') fields.second = value;
  else fields.hour = letter === 'k' ? value % 24 : value;
}

function toUtc({ year, month, day, hour, minute, second, millisecond }: Fields): number | undefined {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  const exists = date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  if (!exists || hour > 23 || minute > 59 || second > 59) return undefined;
  return date.getTime() + ((hour * 60 + minute) * 60 + second) * 1000 + millisecond;
}

function formatField(letter: string, count: number, local: Date, offsetMs: number, timeZone: string): string {
  const pad = (value: number, width = count): string => String(value).padStart(width, '0');
  const hour = local.getUTCHours();
  switch (letter) {
    case 'y':
    case 'u':
      return count === 2 ? pad(local.getUTCFullYear() % 100) : pad(local.getUTCFullYear());
    case 'M':
    case 'L': {
      const name = MONTHS[local.getUTCMonth()] ?? '';
      return count < 3 ? pad(local.getUTCMonth() + 1) : count === 3 ? name.slice(0, 3) : name;
    }
    case 'd':
      return pad(local.getUTCDate());
    case 'D':
      return pad(Math.floor((local.getTime() - Date.UTC(local.getUTCFullYear(), 0, 1)) / DAY_MS) + 1);
    case 'E': {
      const name = DAYS[local.getUTCDay()] ?? '';
      return count < 4 ? name.slice(0, 3) : name;
    }
    case 'H':
      return pad(hour);
    case 'k':
      return pad(hour === 0 ? 24 : hour);
    case 'h':
      return pad(hour % 12 === 0 ? 12 : hour % 12);
    case 'K':
      return pad(hour % 12);
    case 'm':
      return pad(local.getUTCMinutes());
    case 's':
      return pad(local.getUTCSeconds());
    case 'S':
      return pad(local.getUTCMilliseconds(), 3).padEnd(count, '0').slice(0, count);
    case 'n':
      return pad(local.getUTCMilliseconds() * 1_000_000);
    case 'a':
      return hour < 12 ? 'AM' : 'PM';
    case 'V':
      return timeZone;
    case 'z':
      return zoneName(local.getTime() - offsetMs, timeZone, count < 4 ? 'short' : 'long');
    case 'X':
    case 'x':
    case 'Z':
    case 'O':
      return formatOffset(letter, count, offsetMs);
    default:
      throw new RangeError(`format letter '${letter}' is not supported`);
  }
}

function formatOffset(letter: string, count: number, offsetMs: number): string {
  if (offsetMs === 0 && (letter === 'X' || (letter === 'Z' && count === 5))) return 'Z';
  const minutes = Math.abs(offsetMs) / MINUTE_MS;
  const sign = offsetMs < 0 ? '-' : '+';
  const hh = String(Math.floor(minutes / 60)).padStart(2, '0');
  const mm = String(minutes % 60).padStart(2, '0');
  if (letter === 'O' || (letter === 'Z' && count === 4))
    return offsetMs === 0 ? 'GMT' : `GMT${sign}${hh}:${mm}`;
  if (letter === 'Z') return count === 5 ? `${sign}${hh}:${mm}` : `${sign}${hh}${mm}`;
  if (count === 1) return mm === '00' ? `${sign}${hh}` : `${sign}${hh}${mm}`;
  return count === 2 || count === 4 ? `${sign}${hh}${mm}` : `${sign}${hh}:${mm}`;
}

function readOffset(text: string): number {
  const found = /([+-])(\d{1,2}):?(\d{2})?/.exec(text);
  if (!found) return 0;
  const minutes = Number(found[2]) * 60 + Number(found[3] ?? 0);
  return (found[1] === '-' ? -minutes : minutes) * MINUTE_MS;
}

function zoneOffsetMs(epochMs: number, timeZone: string): number {
  if (timeZone === 'UTC') return 0;
  const name = zoneName(epochMs, timeZone, 'longOffset');
  return readOffset(name);
}

function zoneName(epochMs: number, timeZone: string, style: 'short' | 'long' | 'longOffset'): string {
  const parts = new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: style }).formatToParts(epochMs);
  return parts.find(({ type }) => type === 'timeZoneName')?.value ?? timeZone;
}

function tokenize(pattern: string): Token[] {
  const tokens: Token[] = [];
  for (const [whole, quoted, letters] of pattern.matchAll(
    /'((?:[^']|'')*)'|(([a-zA-Z])\3*)|[^a-zA-Z']+|'/g,
  )) {
    if (whole === "'") throw new RangeError(`format '${pattern}' ends inside a quotation`);
    if (letters) tokens.push({ letter: letters.charAt(0), count: letters.length });
    else if (quoted !== undefined) tokens.push({ text: quoted === '' ? "'" : quoted.replaceAll("''", "'") });
    else tokens.push({ text: whole });
  }
  return tokens;
}
