import { describe, expect, it } from 'vitest';
import { sha256 } from '../../../bench/soak/shown-answers.ts';
import { SseAnswer } from '../../../bench/soak/sse-answer.ts';
import type { TokenBatch } from '../../../protocol/generated/schema-types.ts';
import { receiptOf } from './shown-message.ts';

const ANSWER = 'Hello world';

type Event = Partial<TokenBatch> & Pick<TokenBatch, 'kind'>;

/** An answer after events, each under its place as an id. */
function read(...events: readonly Event[]): SseAnswer {
  const answer = new SseAnswer(ANSWER);
  take(answer, ...events);
  return answer;
}

function take(answer: SseAnswer, ...events: readonly Event[]): void {
  for (const [index, event] of events.entries()) {
    const batch = {
      messageId: 'm1',
      attempt: 1,
      part: 'TEXT',
      offset: 0,
      text: '',
      resumeOffset: 0,
      ...event,
    };
    answer.take(`${index}${event.kind === 'END' ? ':end' : ''}`, batch as TokenBatch);
  }
}

const start = (attempt = 1, resumeOffset = 0): Event => ({ kind: 'START', attempt, resumeOffset });
const delta = (offset: number, text: string, attempt = 1): Event => ({
  kind: 'DELTA',
  offset,
  text,
  attempt,
});
const end = (text: string, attempt = 1): Event => ({ kind: 'END', attempt, end: receiptOf(text) });

describe('what an HTTP reader makes of the events of an answer', () => {
  it('is its text, and fine when every delta follows the one before', () => {
    const answer = read(start(), delta(0, 'Hello'), delta(5, ' world'), end(ANSWER));

    expect(answer.text).toBe(ANSWER);
    expect(answer.isEnded).toBe(true);
    expect(answer.cursor).toBe('3:end');
    expect(answer.problems).toEqual([]);
  });

  it('is cut to where a newer attempt begins, and to the lengths of END', () => {
    const resumed = read(start(), delta(0, 'Hello wor'), start(2, 5), delta(5, ' world', 2), end(ANSWER, 2));
    const sealed = read(start(), delta(0, 'Hello wor'), end('Hello'));

    expect([resumed.text, sealed.text]).toEqual([ANSWER, 'Hello']);
    expect([...resumed.problems, ...sealed.problems]).toEqual([]);
  });

  it('goes on from an event it went back to, END included', () => {
    const answer = read(start(), delta(0, 'Hello'), delta(5, ' world'), end(ANSWER));
    answer.goBack(0.5);
    expect([answer.cursor, answer.text, answer.isEnded]).toEqual(['1', 'Hello', false]);

    take(answer, delta(5, ' world'), end(ANSWER));
    answer.goBack(1);

    expect([answer.text, answer.isEnded]).toEqual([ANSWER, true]);
    expect(answer.problems).toEqual([]);
    answer.goBack(0);
    expect([answer.cursor, answer.text]).toEqual(['', '']);
  });

  it.each<[string, readonly Event[], string]>([
    ['a hole', [start(), delta(0, 'Hell'), delta(5, ' world')], 'does not follow 4 units'],
    ['a repeat', [start(), delta(0, 'Hello'), delta(0, 'Hello')], 'does not follow 5 units'],
    ['other text', [start(), delta(0, 'Help')], 'not the model’s'],
    ['text of an attempt that has not begun', [start(), delta(0, 'Hello', 2)], 'another attempt than 1'],
    ['an attempt that begins twice', [start(), start()], 'begins an attempt again'],
    ['a receipt of more text', [start(), delta(0, 'Hello'), end(ANSWER)], 'receipt'],
    ['an END without a receipt', [start(), { kind: 'END' }], 'receipt'],
    ['text after END', [start(), end(''), delta(0, 'Hello')], 'goes on after END'],
    ['a heartbeat', [start(), { kind: 'HEARTBEAT' }], 'does not belong here'],
  ])('is blamed for %s', (_what, events, why) => {
    expect(read(...events).problems.join('\n')).toContain(why);
  });

  it('is blamed for a receipt with the hash of another text', () => {
    const receipt = { ...receiptOf('Hello'), sha256: sha256('hELLO') };
    const answer = read(start(), delta(0, 'Hello'), { kind: 'END', end: receipt });

    expect(answer.problems.join('\n')).toContain('I6');
  });
});
