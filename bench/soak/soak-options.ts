import { parseArgs } from 'node:util';

/** What `npm run soak` was asked for. */
export interface SoakWords {
  readonly minutes: number;
  readonly seed: number;
  readonly concurrency: number;
  /** Seed of the one schedule to run again and again. */
  readonly schedule: number | undefined;
}

/** Words that `npm run soak` does not take; the message says which it does. */
export class SoakUsageError extends Error {
  override readonly name = 'SoakUsageError';
}

const USAGE = 'Options: --minutes N, --seed N, --concurrency N, --schedule SEED';
const MAX_SEED = 2 ** 31 - 1;

/** Reads the words after `npm run soak --`; `newSeed` is used when none is given. @throws SoakUsageError */
export function readSoakWords(words: readonly string[], newSeed: () => number): SoakWords {
  let values;
  try {
    ({ values } = parseArgs({
      args: [...words],
      options: {
        minutes: { type: 'string', default: '10' },
        seed: { type: 'string' },
        concurrency: { type: 'string', default: '24' },
        schedule: { type: 'string' },
      },
    }));
  } catch (error) {
    throw new SoakUsageError(`${(error as Error).message}. ${USAGE}`);
  }
  return {
    minutes: number(values.minutes, 'minutes', 0.01, 10_000),
    seed: values.seed === undefined ? newSeed() : whole(values.seed, 'seed', 0, MAX_SEED),
    concurrency: whole(values.concurrency, 'concurrency', 1, 1_000),
    schedule: values.schedule === undefined ? undefined : whole(values.schedule, 'schedule', 0, MAX_SEED),
  };
}

function number(word: string, name: string, least: number, most: number): number {
  const value = Number(word);
  if (word.trim() === '' || !(value >= least && value <= most))
    throw new SoakUsageError(`--${name} takes a number from ${least} to ${most}. ${USAGE}`);
  return value;
}

function whole(word: string, name: string, least: number, most: number): number {
  const value = number(word, name, least, most);
  if (!Number.isInteger(value)) throw new SoakUsageError(`--${name} takes a whole number. ${USAGE}`);
  return value;
}
