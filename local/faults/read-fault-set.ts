import { NO_FAULTS, PUBLISH_FAILURES } from './fault-set.ts';
import type { FaultSet } from './fault-set.ts';

/** A fault set that cannot be used; the message names the key and what it takes. */
export class FaultSetError extends Error {
  override readonly name = 'FaultSetError';
}

/** How long a paused worker may stand still. */
export const MAX_PAUSE_MS = 600_000;

const MAX_DELAY_MS = 60_000;
const MIN_CUT_MS = 10;
const MAX_CUT_MS = 86_400_000;
const MAX_LOST = 1_000_000;
const MAX_SEED = 2 ** 32 - 1;

type Reader = (value: unknown, key: string) => unknown;
type Readers<Set> = Readonly<Record<keyof Set, Reader>>;

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

function rangeUpTo(max: number): Reader {
  return (value, key) => {
    const [low, high, ...rest] = Array.isArray(value) ? (value as unknown[]) : [];
    const ok = [low, high].every((ms) => typeof ms === 'number' && ms >= 0 && ms <= max);
    if (!ok || rest.length > 0 || (low as number) > (high as number)) {
      throw new FaultSetError(`${key} takes [min, max] in milliseconds, 0 to ${max}`);
    }
    return [low, high];
  };
}

const flag: Reader = (value, key) => {
  if (typeof value !== 'boolean') throw new FaultSetError(`${key} takes true or false`);
  return value;
};

const publishFailures: Reader = (value, key) => {
  const known: readonly unknown[] = PUBLISH_FAILURES;
  if (!Array.isArray(value) || value.length === 0 || !value.every((way) => known.includes(way))) {
    throw new FaultSetError(`${key} takes a list of at least one of ${PUBLISH_FAILURES.join(', ')}`);
  }
  return [...(value as unknown[])];
};

/** Reads an object whose keys are all known; what is left out is as in `absent`. */
function objectOf<Set extends object>(readers: Readers<Set>, absent: Set): Reader {
  return (value, key) => {
    const path = key === '' ? '' : `${key}.`;
    const known = Object.keys(readers).join(', ');
    if (value === null || typeof value !== 'object' || Array.isArray(value)) {
      throw new FaultSetError(
        key === '' ? 'faults are one JSON object' : `${key} takes an object of ${known}`,
      );
    }
    const given: [string, unknown][] = [];
    for (const [name, inner] of Object.entries(value)) {
      if (!Object.hasOwn(readers, name)) {
        throw new FaultSetError(`unknown fault ${path}${name}; known: ${known}`);
      }
      given.push([name, readers[name as keyof Set](inner, `${path}${name}`)]);
    }
    return { ...absent, ...Object.fromEntries(given) };
  };
}

function timedUpTo(max: number): Reader {
  const whole = objectOf({ p: probability, ms: rangeUpTo(max) }, {});
  return (value, key) => {
    const read = whole(value, key) as object;
    if (!('p' in read) || !('ms' in read)) {
      throw new FaultSetError(`${key} takes {"p":probability,"ms":[min, max]}`);
    }
    return read;
  };
}

const readWhole = objectOf<FaultSet>(
  {
    drop: probability,
    duplicate: probability,
    reorder: probability,
    delayMs: rangeUpTo(MAX_DELAY_MS),
    loseAfterAck: numberIn(0, MAX_LOST, true),
    cutSocketsEveryMs: (value, key) => (value === 0 ? 0 : numberIn(MIN_CUT_MS, MAX_CUT_MS, true)(value, key)),
    failPublish: probability,
    failPublishBy: publishFailures,
    corrupt: (value, key) => probability(typeof value === 'boolean' ? Number(value) : value, key),
    throttle: probability,
    crashWorker: probability,
    crashSettle: probability,
    pauseWorker: timedUpTo(MAX_PAUSE_MS),
    loseInvocation: probability,
    lateInvocation: timedUpTo(MAX_DELAY_MS),
    duplicateInvocation: probability,
    model: objectOf(
      { error: probability, cut: probability, truncate: probability, stall: probability },
      NO_FAULTS.model,
    ),
    database: objectOf(
      {
        throttle: probability,
        fail: probability,
        appliedButFailed: probability,
        late: probability,
        appsync: flag,
      },
      NO_FAULTS.database,
    ),
    seed: numberIn(0, MAX_SEED, true),
  },
  NO_FAULTS,
);

/**
 * Reads a fault set from JSON; keys left out are off.
 * @throws FaultSetError for anything but an object, an unknown key or a value out of range.
 */
export function readFaultSet(json: unknown): FaultSet {
  return readWhole(json, '') as FaultSet;
}
