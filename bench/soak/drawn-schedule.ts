/** What the people of one conversation do. Pure: the same seed draws the same schedule. */
import fc from 'fast-check';
import { answerTo } from '../../local/model/answer.ts';
import type { PacingProfile } from '../../protocol/generated/schema-types.ts';

/** A text to send, and what the offline model answers to it. */
export interface Prompt {
  readonly text: string;
  readonly answer: string;
}

/** What happens while an answer runs, once a share of it is shown. */
export interface Action {
  readonly kind: 'join' | 'reload' | 'wake' | 'repeat' | 'cancel';
  /** 0 to 1 of the answer's length. */
  readonly atShare: number;
  /** Which of the open devices acts, counted round. */
  readonly device: number;
}

/** One question with all that follows from it. */
export interface Turn {
  readonly prompt: Prompt;
  readonly pacing: PacingProfile;
  /** Further sends under the same id, at the same time, on all devices in turn. */
  readonly repeats: number;
  readonly actions: readonly Action[];
  /** Whether another answer is asked for in the end. */
  readonly isRegenerated: boolean;
  /** Whether the next question is sent while this one's answer runs. */
  readonly isOverlapped: boolean;
}

/** One conversation. */
export interface Schedule {
  readonly seed: number;
  readonly auth: 'apiKey' | 'token';
  readonly turns: readonly Turn[];
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

const prompt = (isBrief: boolean) =>
  fc.oneof(
    { weight: 25, arbitrary: echo(1_500) },
    { weight: 45, arbitrary: counted(upTo(0, 400), upTo(60, 400)) },
    { weight: 20, arbitrary: talk },
    { weight: isBrief ? 0 : 3, arbitrary: counted(upTo(7_000, 10_000), upTo(5_000, 9_999)) },
    { weight: isBrief ? 0 : 2, arbitrary: echo(12_000) },
    // Longer than a worker's time: it is handed over.
    { weight: isBrief ? 0 : 3, arbitrary: counted(upTo(60, 120), upTo(2, 5)) },
  );

const action = fc.record<Action>({
  kind: fc.oneof(
    { weight: 3, arbitrary: fc.constant('join' as const) },
    { weight: 3, arbitrary: fc.constant('reload' as const) },
    { weight: 1, arbitrary: fc.constant('wake' as const) },
    { weight: 2, arbitrary: fc.constant('repeat' as const) },
    { weight: 1, arbitrary: fc.constant('cancel' as const) },
  ),
  atShare: upTo(0, 100).map((share) => share / 100),
  device: upTo(0, 7),
});

const turn = (isBrief: boolean) =>
  fc.record<Turn>({
    prompt: prompt(isBrief),
    pacing: fc.constantFrom('LIVE', 'BALANCED', 'ECONOMY'),
    repeats: fc.oneof(fc.constant(0), fc.constant(0), upTo(1, 6)),
    actions: fc.array(action, { maxLength: 3 }),
    isRegenerated: upTo(1, 100).map((draw) => draw <= 20),
    isOverlapped: upTo(1, 100).map((draw) => draw <= 25),
  });

/** The schedule of a seed; a brief one takes seconds when nothing goes wrong. */
export function drawSchedule(seed: number, isBrief: boolean): Schedule {
  const drawn = fc.record({
    auth: fc.constantFrom('apiKey' as const, 'token' as const),
    turns: fc.array(turn(isBrief), { minLength: 1, maxLength: isBrief ? 2 : 3 }),
  });
  const [first] = fc.sample(drawn, { seed: seed | 0, numRuns: 1, unbiased: true });
  if (!first) throw new Error(`Seed ${seed} drew nothing`);
  return { seed, ...first };
}
