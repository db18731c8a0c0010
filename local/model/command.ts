import { isJson } from '../json.ts';

/** The most tokens one command may ask for: keeps a typing mistake from filling memory. */
export const MAX_TOKENS = 10_000;
const MAX_TOKENS_PER_SECOND = 10_000;
const READABLE_TOKENS_PER_SECOND = 5;

/** How an answer stops: as OpenAI ends one, by a broken connection, by a clean end of stream too early, or by silence. */
export type AnswerEnding = 'complete' | 'cut' | 'truncate' | 'stall';

/** An exact command typed as a whole message; `invalid` carries what was expected, to be answered as text. */
export type Command =
  | { kind: 'echo'; text: string }
  | { kind: 'tokens'; count: number; tokensPerSecond?: number; ending: AnswerEnding }
  | { kind: 'slow'; tokensPerSecond: number }
  | { kind: 'error'; status: number }
  | { kind: 'call'; tool: string; arguments: string }
  | { kind: 'invalid'; expected: string };

const COMMAND = /^\/(echo|tokens|slow|error|call|cut|truncate|stall)(?:\s([\s\S]*))?$/;
const CALL = /^\s*([\w-]+)\s+(\{[\s\S]*\})\s*$/;
const ENDINGS = { tokens: 'complete', cut: 'cut', truncate: 'truncate', stall: 'stall' } as const;

/**
 * Reads an exact command, or returns undefined for every other text.
 *
 * The whole message has to be the command; space around it is ignored, except that `/echo` gives back everything after the
 * one space that follows the word, including trailing space.
 */
export function parseCommand(message: string): Command | undefined {
  const match = COMMAND.exec(message.trimStart());
  if (match === null) return undefined;
  const name = match[1] ?? '';
  const rest = match[2] ?? '';
  if (name === 'echo') {
    return rest === ''
      ? { kind: 'invalid', expected: '`/echo TEXT` with at least one character' }
      : { kind: 'echo', text: rest };
  }

  const words = rest.trim() === '' ? [] : rest.trim().split(/\s+/);
  if (name === 'slow') {
    // `/slow down please` is a sentence, not the command.
    return words.length === 0 ? { kind: 'slow', tokensPerSecond: READABLE_TOKENS_PER_SECOND } : undefined;
  }
  if (name === 'error') return parseError(words);
  if (name === 'call') return parseCall(rest);
  return parseTokens(name as keyof typeof ENDINGS, words);
}

function parseError(words: string[]): Command {
  const status = /^\d{3}$/.test(words[0] ?? '') ? Number(words[0]) : 0;
  return words.length === 1 && status >= 400 && status <= 599
    ? { kind: 'error', status }
    : { kind: 'invalid', expected: '`/error CODE` with an HTTP status from 400 to 599' };
}

function parseCall(rest: string): Command {
  const [, tool, given] = CALL.exec(rest) ?? [];
  if (tool === undefined || given === undefined || !isJson(given))
    return { kind: 'invalid', expected: '`/call TOOL JSON` with the arguments as a JSON object' };
  return { kind: 'call', tool, arguments: given };
}

function parseTokens(name: keyof typeof ENDINGS, words: string[]): Command {
  const takesRate = name === 'tokens';
  const expected = takesRate
    ? `\`/tokens N [rate]\` with N from 0 to ${MAX_TOKENS} and a rate above 0, at most ${MAX_TOKENS_PER_SECOND} tokens per second`
    : `\`/${name} N\` with N from 0 to ${MAX_TOKENS}`;
  const count = /^\d{1,5}$/.test(words[0] ?? '') ? Number(words[0]) : Number.NaN;
  if (!(count <= MAX_TOKENS) || words.length > (takesRate ? 2 : 1)) return { kind: 'invalid', expected };
  if (words.length < 2) return { kind: 'tokens', count, ending: ENDINGS[name] };

  const tokensPerSecond = /^\d{1,5}(\.\d{1,3})?$/.test(words[1] ?? '') ? Number(words[1]) : Number.NaN;
  return tokensPerSecond > 0 && tokensPerSecond <= MAX_TOKENS_PER_SECOND
    ? { kind: 'tokens', count, tokensPerSecond, ending: ENDINGS[name] }
    : { kind: 'invalid', expected };
}
