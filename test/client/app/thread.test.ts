import { describe, expect, it } from 'vitest';
import { parentOfNext, rowReader, runningAnswer, threadOf } from '../../../client/app/thread.ts';
import type { ChatMessage } from '../../../client/index.ts';
import { shownMessage } from '../shown-message.ts';

const question = (id: string, parentId: string | null = null) => shownMessage({ id, parentId, role: 'USER' });
const answer = (id: string, parentId: string, fields: Partial<ChatMessage> = {}) =>
  shownMessage({ id, parentId, ...fields });
const pending = (id: string) => shownMessage({ id, role: 'USER', pending: true, clientMessageId: id });
const ids = (messages: readonly ChatMessage[], choices: [string, string][] = []) =>
  threadOf(messages, new Map(choices)).map(({ message }) => message.id);

/** q1 -> a1 (q2 -> a2), a1b: the first answer was made anew, after the conversation had gone on. */
const branched = [
  question('1-q'),
  answer('2-a', '1-q'),
  question('3-q', '2-a'),
  answer('4-a', '3-q'),
  answer('5-a', '1-q'),
];

describe('the shown path', () => {
  it('is the branch of the newest message', () => {
    expect(ids(branched)).toEqual(['1-q', '5-a']);
    expect(ids([...branched, question('6-q', '4-a')])).toEqual(['1-q', '2-a', '3-q', '4-a', '6-q']);
  });

  it('follows a choice, and below it the newest', () => {
    expect(ids(branched, [['1-q', '2-a']])).toEqual(['1-q', '2-a', '3-q', '4-a']);
    expect(ids([...branched, answer('6-a', '3-q')], [['1-q', '2-a']])).toEqual(['1-q', '2-a', '3-q', '6-a']);
  });

  it('ignores a choice that is not there any more', () => {
    expect(ids(branched, [['1-q', 'gone']])).toEqual(['1-q', '5-a']);
  });

  it('chooses between roots', () => {
    const roots = [question('1-q'), answer('2-a', '1-q'), question('3-q'), answer('4-a', '3-q')];
    expect(ids(roots)).toEqual(['3-q', '4-a']);
    expect(ids(roots, [['', '1-q']])).toEqual(['1-q', '2-a']);
  });

  it('begins where the loaded history begins', () => {
    expect(ids([question('3-q', '2-a'), answer('4-a', '3-q')])).toEqual(['3-q', '4-a']);
  });

  it('ends with what the service has not placed yet, in the order it was sent', () => {
    const path = ids([question('1-q'), answer('2-a', '1-q'), pending('z'), pending('b')]);
    expect(path).toEqual(['1-q', '2-a', 'z', 'b']);
    expect(ids([pending('only')])).toEqual(['only']);
  });

  it('ends for messages that are their own ancestors', () => {
    expect(ids([question('1-q', '2-a'), answer('2-a', '1-q')]).length).toBeLessThanOrEqual(2);
  });
});

describe('the rows', () => {
  it('tell places among siblings and what is beside them', () => {
    const rows = rowReader(new Map())({ messages: branched });
    expect(rows.map(({ place, siblings }) => `${place}/${siblings}`)).toEqual(['1/1', '2/2']);
    expect(rows[1]).toMatchObject({ parent: '1-q', previousId: '2-a', nextId: undefined });
  });

  it('stay the same objects while only text grows', () => {
    const read = rowReader(new Map());
    const before = read({ messages: branched });
    const after = read({ messages: branched.map((message) => ({ ...message, text: `${message.text}!` })) });
    expect(after).toBe(before);
  });

  it('keep the key of a question that gets its id', () => {
    const read = rowReader(new Map());
    const [sent] = read({ messages: [pending('c1')] });
    const [stored] = read({ messages: [shownMessage({ id: '1-q', role: 'USER', clientMessageId: 'c1' })] });
    expect([sent?.messageId, stored?.messageId]).toEqual(['c1', '1-q']);
    expect(stored?.key).toBe(sent?.key);
  });

  it('say what the next message follows: the end of the path, or nothing while that has no place', () => {
    const read = rowReader(new Map([['1-q', '2-a']]));
    expect(parentOfNext(read({ messages: branched }))).toBe('4-a');
    expect(parentOfNext(read({ messages: [...branched, pending('c1')] }))).toBeUndefined();
    expect(parentOfNext([])).toBeUndefined();
  });
});

describe('the running answer', () => {
  it('is the newest that is not terminal', () => {
    const running = answer('7-a', '1-q', { status: 'STREAMING', end: null });
    expect(runningAnswer([...branched, running, question('8-q')])?.id).toBe('7-a');
    expect(runningAnswer(branched)).toBeUndefined();
  });
});
