/**
 * The six schedules of deliveries that clients of token streams get wrong, and every other order and loss of the same
 * batches: each ends in `Hello world`. README.md shows the table.
 */
import { describe, expect, it } from 'vitest';
import type { TokenBatch } from '../../client/index.ts';
import { batch, receipt, runningAnswer, state } from './fake-service.ts';

const WHOLE = 'Hello world';
const END = batch({ seq: 4, offset: 11, end: receipt(WHOLE) });
const [HEL, LO, WORLD] = [
  batch({ seq: 1, text: 'Hel' }),
  batch({ seq: 2, offset: 3, text: 'lo ' }),
  batch({ seq: 3, offset: 6, text: 'world' }),
] as const;
/** A batch of a worker that must not write: a retry of the same attempt. */
const rerun = (seq: number, offset: number, text: string) => batch({ seq, offset, text });

/** What a client shows that puts texts together as they arrive. */
const joined = (deliveries: readonly TokenBatch[]) => deliveries.map(({ text }) => text).join('');

/** Delivers batches of an answer that is stored whole, and lets time pass until nothing is due any more. */
async function shownAfter(deliveries: readonly TokenBatch[]) {
  const fake = await runningAnswer();
  fake.service.answers.messageState = ({ fromOffset }) =>
    state({
      offset: Number(fromOffset),
      text: WHOLE.slice(Number(fromOffset)),
      throughSeq: 3,
      end: receipt(WHOLE),
    });
  for (const delivery of deliveries) await fake.hear(delivery);
  await fake.clock.advance(15_000);
  const texts = fake.states.flatMap(({ messages }) =>
    messages.filter(({ id }) => id === 'm1-1').map(({ text }) => text),
  );
  return { answer: fake.answer(), texts, asked: fake.service.count('messageState'), fake };
}

describe('the six schedules', () => {
  it.each([
    { schedule: 'in order', deliveries: [HEL, LO, WORLD, END], naive: 'Hello world', asked: 0 },
    { schedule: 'the first two swapped', deliveries: [LO, HEL, WORLD, END], naive: 'lo Helworld', asked: 0 },
    { schedule: 'the middle one lost', deliveries: [HEL, WORLD, END], naive: 'Helworld', asked: 1 },
    { schedule: 'the first one lost', deliveries: [LO, WORLD, END], naive: 'lo world', asked: 1 },
    { schedule: 'one after the end', deliveries: [HEL, LO, END, WORLD], naive: 'Hello world', asked: 0 },
    {
      schedule: 'run again from the first one by a retry',
      deliveries: [HEL, LO, rerun(1, 0, 'Bonjour'), rerun(2, 7, ' '), WORLD, END],
      naive: 'Hello Bonjour world',
      asked: 0,
    },
  ])('end in Hello world: $schedule', async ({ deliveries, naive, asked }) => {
    const shown = await shownAfter(deliveries);

    expect(shown.answer).toMatchObject({ text: WHOLE, status: 'COMPLETE', end: { length: 11 } });
    expect(shown.texts.filter((text) => !WHOLE.startsWith(text))).toEqual([]);
    expect(shown.asked).toBe(asked);
    expect(joined(deliveries)).toBe(naive);
  });
});

describe('a run again from the first one', () => {
  it('that is ahead of the answer is repaired by its end', async () => {
    const { answer, texts } = await shownAfter([HEL, rerun(2, 3, 'jou'), LO, WORLD, END]);

    expect(answer).toMatchObject({ text: WHOLE, status: 'COMPLETE' });
    expect(texts).toContain('Heljou');
  });

  it('as a new attempt goes on from where the text was cut, and the older one is over', async () => {
    const next = { attempt: 2, resumeOffset: 3 };
    const { answer, texts } = await shownAfter([
      HEL,
      batch({ ...next, offset: 3 }),
      rerun(2, 3, 'jour'),
      batch({ ...next, seq: 1, offset: 3, text: 'lo ' }),
      rerun(3, 7, ' monde'),
      batch({ ...next, seq: 2, offset: 6, text: 'world' }),
      batch({ ...next, seq: 3, offset: 11, end: receipt(WHOLE) }),
    ]);

    expect(answer).toMatchObject({ text: WHOLE, status: 'COMPLETE', attempt: 2 });
    expect(texts.filter((text) => !WHOLE.startsWith(text))).toEqual([]);
  });
});

describe('every order and loss of the same batches', () => {
  /** All sequences of different items, the empty one too. */
  function sequences<Item>(items: readonly Item[]): Item[][] {
    return [
      [],
      ...items.flatMap((item) =>
        sequences(items.filter((other) => other !== item)).map((rest) => [item, ...rest]),
      ),
    ];
  }

  it('ends in Hello world and never shows anything else but its beginnings', async () => {
    const all = sequences([HEL, LO, WORLD, END]);
    expect(all).toHaveLength(65);
    for (const deliveries of all) {
      const { answer, texts, fake } = await shownAfter(deliveries);
      const order = deliveries.map(({ seq }) => seq).join(' ');

      expect(answer, order).toMatchObject({ text: WHOLE, status: 'COMPLETE' });
      expect(
        texts.filter((text) => !WHOLE.startsWith(text)),
        order,
      ).toEqual([]);
      expect(fake.conversation.getSnapshot().connection, order).toBe('live');
    }
  });
});
