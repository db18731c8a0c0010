import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { answerTo, splitTokens, type Question, withFault } from '../../../local/model/answer.ts';

function textAnswer(question: Question) {
  const answer = answerTo(question);
  if (answer.kind !== 'text') throw new Error(`expected a text, got ${answer.status}`);
  return answer;
}

describe('splitTokens', () => {
  it('gives small pieces that concatenate to the text and split no surrogate pair', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        const tokens = splitTokens(text);

        expect(tokens.join('')).toBe(text);
        for (const token of tokens) {
          expect(token.length).toBeGreaterThan(0);
          expect(token.length).toBeLessThanOrEqual(12);
          expect(token.isWellFormed()).toBe(true);
        }
      }),
    );
  });

  it('keeps a lone surrogate as it came', () => {
    expect(splitTokens('a\ud83d b').join('')).toBe('a\ud83d b');
  });
});

describe('answerTo', () => {
  it('counts words joined by single spaces, one a token', () => {
    expect(textAnswer({ prompt: '/tokens 4 20' })).toEqual({
      kind: 'text',
      tokens: ['w1', ' w2', ' w3', ' w4'],
      tokensPerSecond: 20,
      ending: 'complete',
      finishReason: 'stop',
    });
  });

  it('quotes every line of a prompt in short markdown', () => {
    const text = textAnswer({ prompt: 'What is\nAppSync? 🚀' }).tokens.join('');

    expect(text).toContain('\n> What is\n> AppSync? 🚀\n');
    expect(text).toContain('offline model');
    expect(text.length).toBeLessThan(300);
  });

  it('shortens a long quotation without a broken character', () => {
    const text = textAnswer({ prompt: 'x' + '🚀'.repeat(2_000) }).tokens.join('');

    expect(text.isWellFormed()).toBe(true);
    expect(text).toContain('…');
    expect(text.length).toBeLessThan(1_300);
  });

  it('answers bad arguments with what was expected', () => {
    expect(textAnswer({ prompt: '/tokens -1' }).tokens.join('')).toMatch(
      /^Expected `\/tokens N \[rate\]` with N from 0/,
    );
  });

  it('stops at the token limit with the reason length, and not at a limit it does not reach', () => {
    expect(textAnswer({ prompt: '/tokens 5', maxTokens: 3 })).toMatchObject({
      tokens: ['w1', ' w2', ' w3'],
      finishReason: 'length',
    });
    expect(textAnswer({ prompt: '/tokens 5', maxTokens: 5 })).toMatchObject({ finishReason: 'stop' });
  });

  it('goes on after any beginning of its own answer', () => {
    const whole = textAnswer({ prompt: '/slow' }).tokens.join('');
    fc.assert(
      fc.property(fc.nat(whole.length), (length) => {
        const rest = textAnswer({ prompt: '/slow', answeredSoFar: whole.slice(0, length) }).tokens;

        expect(whole.slice(0, length) + rest.join('')).toBe(whole);
        expect(rest).not.toContain('');
      }),
    );
  });

  it('starts over after an assistant text that is not its own', () => {
    expect(textAnswer({ prompt: '/tokens 2', answeredSoFar: 'something else' }).tokens).toEqual([
      'w1',
      ' w2',
    ]);
  });

  it('turns an error command into its status', () => {
    expect(answerTo({ prompt: '/error 429' })).toEqual({ kind: 'error', status: 429 });
  });
});

describe('withFault', () => {
  const whole = textAnswer({ prompt: '/tokens 4' });

  it('leaves an answer alone without a fault, and one that a command has made faulty with one', () => {
    expect(withFault(whole, { kind: 'ok' })).toBe(whole);
    for (const prompt of ['/cut 2', '/truncate 2', '/stall 2', '/error 500']) {
      const faulty = answerTo({ prompt });
      expect(withFault(faulty, { kind: 'cut', after: 0 })).toBe(faulty);
      expect(withFault(faulty, { kind: 'error', status: 429 })).toBe(faulty);
    }
  });

  it('ends after some of the tokens, none and all included', () => {
    const tokensAt = (after: number) => withFault(whole, { kind: 'stall', after });

    expect(tokensAt(0)).toMatchObject({ tokens: [], ending: 'stall' });
    expect(tokensAt(0.5)).toMatchObject({ tokens: ['w1', ' w2'], ending: 'stall' });
    expect(tokensAt(0.999)).toMatchObject({ tokens: whole.tokens, ending: 'stall' });
  });

  it('names a wait with 429 only', () => {
    expect(withFault(whole, { kind: 'error', status: 429 })).toEqual({
      kind: 'error',
      status: 429,
      retryAfterSeconds: 1,
    });
    expect(withFault(whole, { kind: 'error', status: 500 })).toEqual({ kind: 'error', status: 500 });
  });
});
