/** The questions of a soak and what the offline model answers to them. Pure. */
import fc from 'fast-check';
import { answerTo } from '../../local/model/answer.ts';

/** A text to send, and what the offline model answers to it. */
export interface Prompt {
  readonly text: string;
  readonly answer: string;
}

/** The character that an altered delivery shows (`corrupt`): no answer contains it, so alterations are told from wrong text. */
export const ALTERED = '#';

const upTo = (least: number, most: number) => fc.integer({ min: least, max: most });

/** Begins with a number, so that two prompts of a run are hardly ever the same. */
const unicode = (maxLength: number) =>
  fc
    .tuple(
      upTo(0, 1_000_000_000),
      fc.string({
        unit: fc.oneof(
          fc.constantFrom(
            ' ',
            ' ',
            '\n',
            'a',
            'Z',
            '.',
            '-',
            'é',
            'ß',
            '漢',
            '字',
            '😀',
            '👩‍👩‍👧',
            '𝒳',
            '\u200f',
            '\t',
          ),
          fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
        ),
        maxLength,
      }),
    )
    .map(([number, text]) => `${number}${text.replaceAll(ALTERED, '')}.`);

const echo = (maxLength: number) =>
  unicode(maxLength).map((text): Prompt => ({ text: `/echo ${text}`, answer: text }));

/** Rates in thousandths, for the same reason. */
const counted = (tokens: fc.Arbitrary<number>, rate: fc.Arbitrary<number>) =>
  fc.tuple(tokens, rate, upTo(1, 999)).map(([count, perSecond, thousandths]): Prompt => ({
    text: `/tokens ${count} ${perSecond}.${String(thousandths).padStart(3, '0')}`,
    answer: Array.from({ length: count }, (_none, index) => `w${index + 1}`).join(' '),
  }));

/** The model's own words around the question: what it says is taken from the model, not written down here again. */
const talk = unicode(300).map((text): Prompt => {
  const answer = answerTo({ prompt: text });
  return { text, answer: answer.kind === 'text' ? answer.tokens.join('') : '' };
});

/** Short and long ones; brief ones take seconds to answer. */
export const drawnPrompt = (isBrief: boolean): fc.Arbitrary<Prompt> =>
  fc.oneof(
    { weight: 25, arbitrary: echo(1_500) },
    { weight: isBrief ? 45 : 30, arbitrary: counted(upTo(0, 400), upTo(60, 400)) },
    // Long enough for a cancel, a pause or a crash to meet them half-way.
    { weight: isBrief ? 0 : 15, arbitrary: counted(upTo(100, 300), upTo(25, 60)) },
    { weight: 20, arbitrary: talk },
    { weight: isBrief ? 0 : 3, arbitrary: counted(upTo(7_000, 10_000), upTo(5_000, 9_999)) },
    { weight: isBrief ? 0 : 2, arbitrary: echo(12_000) },
    // Longer than a worker's time: it is handed over.
    { weight: isBrief ? 0 : 3, arbitrary: counted(upTo(60, 120), upTo(2, 5)) },
  );
