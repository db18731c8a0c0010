import { describe, expect, it } from 'vitest';
import { sha256, ShownAnswers } from '../../../bench/soak/shown-answers.ts';
import type { ChatMessage } from '../../../client/index.ts';
import { shownMessage } from './shown-message.ts';

const ANSWER = 'Hello world';

/** What a client is blamed for that showed these, one after the other. */
function blamed(...messages: readonly ChatMessage[]): readonly string[] {
  const shown = new ShownAnswers();
  for (const message of messages) shown.look(message);
  return [...shown.problems, ...shown.against('m1', ANSWER, ANSWER)];
}

const streaming = (text: string, attempt = 1) => shownMessage({ text, attempt });
const ended = (text: string, values: Partial<ChatMessage> = {}) =>
  shownMessage({ status: 'COMPLETE', text, ...values });

describe('what a client showed', () => {
  it('is fine when the text grows to its end, with an altered character on the way', () => {
    expect(
      blamed(streaming(''), streaming('He'), streaming('He#lo'), streaming('Hello'), ended(ANSWER)),
    ).toEqual([]);
  });

  it('is fine when an interrupted answer goes on', () => {
    expect(
      blamed(ended('Hello', { status: 'INTERRUPTED' }), streaming('Hello', 2), ended(ANSWER, { attempt: 2 })),
    ).toEqual([]);
  });

  it.each([
    ['another text in between', [streaming('Hello'), streaming('Help!')], 'two texts'],
    ['text past a hole', [streaming('Helloworld')], 'no beginning'],
    ['an altered text that is shifted', [streaming('el#o')], 'no beginning'],
    ['an altered text that is too long', [streaming(`${ANSWER}#`)], 'no beginning'],
    ['an older attempt again', [streaming('He', 2), streaming('He', 1)], 'back in time'],
    [
      'PENDING after STREAMING',
      [streaming('He'), shownMessage({ status: 'PENDING', text: 'He' })],
      'back in time',
    ],
    [
      'another end than before',
      [ended('Hello', { status: 'CANCELLED' }), ended(ANSWER)],
      'leaves a terminal state',
    ],
    ['an attempt after COMPLETE', [ended(ANSWER), streaming(ANSWER, 2)], 'leaves a terminal state'],
    ['a terminal status without a receipt', [ended(ANSWER, { end: null })], 'disagree'],
    ['a receipt of another text', [ended('Hello', { end: ended(ANSWER).end })], 'does not fit'],
  ])('is blamed for %s', (_what, messages, why) => {
    expect(blamed(...messages).join('\n')).toContain(why);
  });

  it('has to be stored, all of it', () => {
    const shown = new ShownAnswers();
    shown.look(streaming('Hello wo'));

    expect(shown.against('m1', ANSWER, 'Hello').join('\n')).toContain('I7');
    expect(shown.against('m1', ANSWER, 'Hello wor')).toEqual([]);
  });
});

describe('sha256', () => {
  it('is of the UTF-8 bytes', () => {
    expect(sha256('é')).toBe('4a99557e4033c3539de2eb65472017cad5f9557f7a0625a09f1c3f6e2ba69c4c');
  });
});
