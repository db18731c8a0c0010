/**
 * The faults of `PUT /local/faults`. Everything absent is off. Probabilities are 0 to 1.
 */
export interface FaultSet {
  /** A delivery is lost. */
  drop: number;
  /** A delivery arrives twice. */
  duplicate: number;
  /** A delivery arrives after the one that follows it. */
  reorder: number;
  /** Each delivery waits a time drawn from this range, independent of its neighbours. */
  delayMs: readonly [number, number] | undefined;
  /** The first deliveries after each start_ack are lost: how many. */
  loseAfterAck: number;
  /** All real-time sockets are cut this often; 0 = never. */
  cutSocketsEveryMs: number;
  /** A publishing mutation fails. */
  failPublish: number;
  /** One character of `text` differs in a delivery. */
  corrupt: number;
  /** A request over HTTP is refused as over quota. */
  throttle: number;
  /** Same seed and same order of events, same faults. */
  seed: number;
}

/** Nothing goes wrong. */
export const NO_FAULTS: FaultSet = Object.freeze({
  drop: 0,
  duplicate: 0,
  reorder: 0,
  delayMs: undefined,
  loseAfterAck: 0,
  cutSocketsEveryMs: 0,
  failPublish: 0,
  corrupt: 0,
  throttle: 0,
  seed: 1,
});

/** A fault set that cannot be used; the message names the key and what it takes. */
export class FaultSetError extends Error {
  override readonly name = 'FaultSetError';
}

const MAX_DELAY_MS = 60_000;
const MIN_CUT_MS = 10;
const MAX_CUT_MS = 86_400_000;
const MAX_LOST = 1_000_000;
const MAX_SEED = 2 ** 32 - 1;

type Reader = (value: unknown, key: string) => unknown;

function numberIn(min: number, max: number, whole: boolean): Reader {
  return (value, key) => {
    const fits =
      typeof value === 'number' && value >= min && value <= max && (!whole || Number.isInteger(value));
    if (!fits)
      throw new FaultSetError(`${key} takes ${whole ? 'an integer' : 'a number'} from ${min} to ${max}`);
    return value;
  };
}

const probability = numberIn(0, 1, false);

const READERS: Readonly<Record<keyof FaultSet, Reader>> = {
  drop: probability,
  duplicate: probability,
  reorder: probability,
  failPublish: probability,
  throttle: probability,
  corrupt: (value, key) => probability(typeof value === 'boolean' ? Number(value) : value, key),
  loseAfterAck: numberIn(0, MAX_LOST, true),
  cutSocketsEveryMs: (value, key) => (value === 0 ? 0 : numberIn(MIN_CUT_MS, MAX_CUT_MS, true)(value, key)),
  seed: numberIn(0, MAX_SEED, true),
  delayMs: (value, key) => {
    const [low, high, ...rest] = Array.isArray(value) ? (value as unknown[]) : [];
    const ok = [low, high].every((ms) => typeof ms === 'number' && ms >= 0 && ms <= MAX_DELAY_MS);
    if (!ok || rest.length > 0 || (low as number) > (high as number)) {
      throw new FaultSetError(`${key} takes [min, max] in milliseconds, 0 to ${MAX_DELAY_MS}`);
    }
    return [low, high];
  },
};

/**
 * Reads a fault set from JSON; keys left out are off.
 * @throws FaultSetError for anything but an object, an unknown key or a value out of range.
 */
export function readFaultSet(json: unknown): FaultSet {
  if (json === null || typeof json !== 'object' || Array.isArray(json)) {
    throw new FaultSetError('faults are one JSON object');
  }
  const given: [string, unknown][] = [];
  for (const [key, value] of Object.entries(json)) {
    if (!Object.hasOwn(READERS, key)) {
      throw new FaultSetError(`unknown fault ${key}; known: ${Object.keys(READERS).join(', ')}`);
    }
    given.push([key, READERS[key as keyof FaultSet](value, key)]);
  }
  return { ...NO_FAULTS, ...Object.fromEntries(given) };
}
