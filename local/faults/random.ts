/** Numbers from 0 (included) to 1 (excluded), the same sequence for the same seed. */
export type Random = () => number;

/** The mulberry32 generator: 32 bits of state, good enough to pick faults, useless for secrets. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** A seed of its own for each numbered stream, so that streams do not shift each other's draws. */
export function derivedSeed(seed: number, stream: number): number {
  return (Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(stream + 1, 0xc2b2ae35)) >>> 0;
}

/** Streams of faults that are not of one subscription; subscriptions count theirs from 0. */
const STREAMS = {
  publish: -1,
  throttle: -2,
  loseInvocation: -3,
  lateInvocation: -4,
  duplicateInvocation: -5,
  crashWorker: -6,
  pauseWorker: -7,
  modelError: -8,
  modelCut: -9,
  modelTruncate: -10,
  modelStall: -11,
  databaseThrottle: -12,
  databaseFail: -13,
  databaseApplied: -14,
  databaseLate: -15,
} as const;

/** The random numbers of one kind of fault. */
export function faultStream(seed: number, stream: keyof typeof STREAMS): Random {
  return seededRandom(derivedSeed(seed, STREAMS[stream]));
}
