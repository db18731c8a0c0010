/** Which faults a soak runs under. Pure: the same seed draws the same sets. */
import fc from 'fast-check';
import { PUBLISH_FAILURES, type FaultSet } from '../../local/faults/fault-set.ts';

/** A fault set as `PUT /local/faults` takes it; what is left out is off. */
export type DrawnFaults = {
  readonly [Key in keyof FaultSet]?: FaultSet[Key] extends object ? Partial<FaultSet[Key]> : FaultSet[Key];
};

/**
 * How long faults may hold an answer up. `patient`: as long as they do in production, a minute for a lost invocation. `brief`: seconds,
 * for a test; what takes longer by its nature is left out.
 */
export type Patience = 'patient' | 'brief';

/** Every sixth set is empty, so that what waits for better times gets them; every sixth has all kinds on. */
const CYCLE = 6;
const CALM = 5;
const ALL_TOGETHER = 2;
/** Of a hundred kinds, how many a set has on. */
const SHARE = 35;
/** The same of kinds that have few occasions to happen. */
const SHARE_OF_RARE = 60;

type Kinds = (
  probability: (most: number) => fc.Arbitrary<number>,
  some: Some,
  rare: Some,
) => fc.Arbitrary<DrawnFaults>;
/** Draws the value, or leaves the kind off. */
type Some = <Value>(value: fc.Arbitrary<Value>) => fc.Arbitrary<Value | undefined>;

const upTo = (least: number, most: number) => fc.integer({ min: least, max: most });
/** Of a hundred pauses, how many outlast the lease (15 s) and what finds that out, and end before Lambda's limit. */
const LONG_PAUSES = 60;
const LONG_PAUSE_MS: [number, number] = [18_500, 23_000];
const lasting = (p: fc.Arbitrary<number>, most: number) =>
  fc.record({ p, ms: upTo(most / 10, most).map((ms): [number, number] => [Math.round(ms / 4), ms]) });

const kindsFor: Record<Patience, Kinds> = {
  brief: (probability, some) =>
    fc.record({
      drop: some(probability(0.4)),
      duplicate: some(probability(0.5)),
      reorder: some(probability(0.4)),
      delayMs: some(upTo(20, 600).map((ms): [number, number] => [0, ms])),
      loseAfterAck: some(upTo(1, 4)),
      cutSocketsEveryMs: some(upTo(1_500, 8_000)),
      failPublish: some(fc.oneof({ weight: 4, arbitrary: probability(0.5) }, fc.constant(1))),
      failPublishBy: some(fc.subarray([...PUBLISH_FAILURES], { minLength: 1 })),
      corrupt: some(probability(0.3)),
      throttle: some(probability(0.1)),
      crashWorker: some(probability(0.3)),
      pauseWorker: some(lasting(probability(0.2), 1_000)),
      lateInvocation: some(lasting(probability(0.4), 1_500)),
      duplicateInvocation: some(probability(0.5)),
      model: some(fc.record({ error: probability(0.3), cut: probability(0.2), truncate: probability(0.2) })),
      database: some(
        fc.record({
          throttle: probability(0.15),
          fail: probability(0.1),
          appliedButFailed: probability(0.1),
          late: probability(0.03),
          appsync: fc.boolean(),
        }),
      ),
    }),
  patient: (probability, some, rare) =>
    fc
      .tuple(
        kindsFor.brief(probability, some, rare),
        fc.record({
          // Few answers need one, and it makes few calls at which it may crash.
          crashSettle: rare(probability(0.8)),
          pauseWorker: rare(
            fc.oneof(
              { weight: 100 - LONG_PAUSES, arbitrary: lasting(probability(0.15), 15_000) },
              {
                weight: LONG_PAUSES,
                arbitrary: fc.record({ p: probability(0.2), ms: fc.constant(LONG_PAUSE_MS) }),
              },
            ),
          ),
          loseInvocation: rare(probability(0.1)),
          lateInvocation: some(lasting(probability(0.3), 8_000)),
          model: rare(
            fc.record({
              error: probability(0.25),
              cut: probability(0.15),
              truncate: probability(0.15),
              stall: probability(0.06),
            }),
          ),
        }),
      )
      .map(([brief, longer]) => ({ ...brief, ...longer })),
};

function withoutOff(faults: DrawnFaults): DrawnFaults {
  return Object.fromEntries(Object.entries(faults).filter(([, value]) => value !== undefined));
}

/** The set number `index` of a run. */
export function drawFaults(runSeed: number, index: number, patience: Patience): DrawnFaults {
  const place = index % CYCLE;
  if (place === CALM) return {};
  const isAll = place === ALL_TOGETHER;
  // All together would leave no answer whole at full strength.
  const probability = (most: number) => upTo(5, 100).map((share) => (share / 100) * most * (isAll ? 0.3 : 1));
  const often =
    (share: number): Some =>
    (value) =>
      isAll ? value : upTo(1, 100).chain((draw) => (draw <= share ? value : fc.constant(undefined)));
  const seed = (Math.imul(runSeed, 0x9e3779b1) + index) | 0;
  const [faults = {}] = fc.sample(kindsFor[patience](probability, often(SHARE), often(SHARE_OF_RARE)), {
    seed,
    numRuns: 1,
    unbiased: true,
  });
  return { ...withoutOff(faults), seed: seed >>> 0 };
}
