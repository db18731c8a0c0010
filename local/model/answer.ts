import type { ModelFate } from '../faults/index.ts';
import { parseCommand, type AnswerEnding } from './command.ts';

const CONVERSATIONAL_TOKENS_PER_SECOND = 80;
const MAX_QUOTED_UNITS = 1_000;
const MAX_TOKEN_UNITS = 12;

/** What the model will do for one request: tokens to send and how to stop, or an HTTP error before the first one. */
export type Answer =
  | {
      kind: 'text';
      tokens: string[];
      tokensPerSecond?: number;
      ending: AnswerEnding;
      finishReason: 'stop' | 'length' | 'tool_calls';
      /** The tool that is called; the tokens are then its arguments. */
      tool?: string;
    }
  | { kind: 'error'; status: number; retryAfterSeconds?: number };

/** The parts of a chat request that decide the answer. */
export interface Question {
  /** The last user message. */
  prompt: string;
  /** Text of an assistant message after it: the answer so far, which the model is asked to go on with. */
  answeredSoFar?: string;
  maxTokens?: number;
  /** Names of the tools that may be called. */
  tools?: readonly string[];
  /** What a tool said after it was called. */
  toolResult?: string;
}

/**
 * Decides the answer to a question; the same question always gets the same answer.
 *
 * Without `tokensPerSecond` the tokens leave as fast as the client reads. When `answeredSoFar` is the beginning of the answer,
 * only the rest is given, so that a generation handed over in the middle ends in the same text. `cut`, `truncate` and `stall`
 * count the tokens of this request.
 */
export function answerTo(question: Question): Answer {
  const command = parseCommand(question.prompt);
  if (command?.kind === 'error') return { kind: 'error', status: command.status };

  if (
    command?.kind === 'call' &&
    question.toolResult === undefined &&
    question.tools?.includes(command.tool)
  ) {
    const tokens = splitTokens(command.arguments);
    return { kind: 'text', tokens, ending: 'complete', finishReason: 'tool_calls', tool: command.tool };
  }

  const planned = plan(question, command);
  const remaining = goOnAfter(planned.tokens, question.answeredSoFar ?? '');
  const limit = question.maxTokens ?? Infinity;
  const isLimited = planned.ending === 'complete' && remaining.length > limit;
  return {
    ...planned,
    kind: 'text',
    tokens: isLimited ? remaining.slice(0, limit) : remaining,
    finishReason: isLimited ? 'length' : 'stop',
  };
}

/** How long a random 429 asks its caller to wait. */
const RETRY_AFTER_SECONDS = 1;

/** The answer under a random fault; the same object when there is none, or when a command has made it faulty already. */
export function withFault(answer: Answer, fate: ModelFate): Answer {
  if (fate.kind === 'ok' || answer.kind === 'error' || answer.ending !== 'complete') return answer;
  if (fate.kind === 'error') {
    const { kind, status } = fate;
    return { kind, status, ...(status === 429 && { retryAfterSeconds: RETRY_AFTER_SECONDS }) };
  }
  const kept = Math.floor(fate.after * (answer.tokens.length + 1));
  return { ...answer, tokens: answer.tokens.slice(0, kept), ending: fate.kind };
}

interface Plan {
  tokens: string[];
  tokensPerSecond?: number;
  ending: AnswerEnding;
}

function plan({ prompt, toolResult }: Question, command: ReturnType<typeof parseCommand>): Plan {
  switch (command?.kind) {
    case 'call':
      return {
        tokens: splitTokens(toolResult ?? `No tool \`${command.tool}\` was given.`),
        ending: 'complete',
      };
    case 'echo':
      return { tokens: splitTokens(command.text), ending: 'complete' };
    case 'tokens':
      return {
        tokens: countedTokens(command.count),
        tokensPerSecond: command.tokensPerSecond,
        ending: command.ending,
      };
    case 'slow':
      return { tokens: splitTokens(SLOW_TEXT), tokensPerSecond: command.tokensPerSecond, ending: 'complete' };
    case 'invalid':
      return { tokens: splitTokens(`Expected ${command.expected}.`), ending: 'complete' };
    default:
      return {
        tokens: splitTokens(quoting(prompt)),
        tokensPerSecond: CONVERSATIONAL_TOKENS_PER_SECOND,
        ending: 'complete',
      };
  }
}

function countedTokens(count: number): string[] {
  return Array.from({ length: count }, (_, index) => (index === 0 ? 'w1' : ` w${index + 1}`));
}

function goOnAfter(tokens: string[], answeredSoFar: string): string[] {
  const text = answeredSoFar === '' ? '' : tokens.join('');
  if (answeredSoFar === '' || !text.startsWith(answeredSoFar)) return tokens;
  let skippedUnits = answeredSoFar.length;
  const remaining: string[] = [];
  for (const token of tokens) {
    if (skippedUnits < token.length) remaining.push(token.slice(skippedUnits));
    skippedUnits = Math.max(0, skippedUnits - token.length);
  }
  return remaining;
}

/**
 * Splits text into pieces the size of model tokens: a word with the space before it, long words in several pieces.
 *
 * The pieces concatenate to the text, none is empty and none splits a surrogate pair.
 */
export function splitTokens(text: string): string[] {
  const tokens: string[] = [];
  for (const word of text.match(/\s*\S+|\s+$/g) ?? []) {
    let piece = '';
    for (const character of word) {
      if (piece.length + character.length > MAX_TOKEN_UNITS) {
        tokens.push(piece);
        piece = '';
      }
      piece += character;
    }
    tokens.push(piece);
  }
  return tokens;
}

function quoting(prompt: string): string {
  const shown = prompt.trim();
  // toWellFormed: a cut may fall into a surrogate pair.
  const quoted =
    shown.length > MAX_QUOTED_UNITS ? `${shown.slice(0, MAX_QUOTED_UNITS).toWellFormed()}…` : shown;
  return [
    'This is the **offline model**. You said:',
    quoted.replace(/^/gm, '> '),
    'For real answers set `OPENAI_API_KEY`. To see streaming at work, try `/tokens 100 20`, `/slow` or `/echo hello`.',
  ].join('\n\n');
}

const SLOW_TEXT = `## A slow answer

This answer arrives at about five tokens a second, so there is time to look at it.

1. **Watch** the first words appear before the rest exists.
2. **Reload** the page: the text so far is read back, and the stream goes on.
3. **Press Stop**: the partial answer stays, and the model request ends.

That was all.`;
