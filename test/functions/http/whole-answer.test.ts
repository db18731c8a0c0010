import { expect, it } from 'vitest';
import type { CloseReason } from '../../../functions/http/answer-writer.ts';
import { WholeWriter } from '../../../functions/http/whole-answer.ts';
import type { Terminal } from '../../../functions/generation/stream.ts';
import { ended, running } from './one-answer.ts';

const text = (offset: number, words: string) => ({ part: 'TEXT' as const, offset, text: words });
const terminalOf = (words: string): Terminal => {
  const { status, end } = ended(words);
  if (!end) throw new Error('no receipt');
  return { status, end };
};

it('holds what END describes when text was ahead of a later attempt, and of END', async () => {
  const writer = new WholeWriter();
  writer.start(running);
  writer.delta(running, text(0, 'hello, lost'));
  const next = { ...running, attempt: 2, resumeOffset: 5 };
  writer.start(next);
  writer.delta(next, text(5, ' world, lost'));
  expect(writer.isOpen).toBe(true);
  writer.end(next, terminalOf('hello world'));
  writer.delta(next, text(11, 'late'));
  writer.close();

  expect(writer.isOpen).toBe(false);
  expect(await writer.answer()).toMatchObject({
    ...{ attempt: 2, text: 'hello world', reasoning: '', status: 'COMPLETE' },
  });
});

it.each<[string, CloseReason | undefined]>([
  ['DEADLINE', 'DEADLINE'],
  ['NOT_FOUND', 'NOT_FOUND'],
  ['INTERNAL', undefined],
])('throws %s for good when it was closed so', async (code, why) => {
  const writer = new WholeWriter();
  writer.start(running);
  writer.close(why);
  writer.end(running, terminalOf(''));
  writer.close('DEADLINE');

  await expect(writer.answer()).rejects.toMatchObject({ code });
  await writer.room();
});
