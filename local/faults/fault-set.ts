/** The ways a publishing mutation fails that answer at once. */
export const QUICK_PUBLISH_FAILURES = [
  /** HTTP 500; it took no effect. */
  'refused',
  /** HTTP 503; it took no effect. */
  'unavailable',
  /** HTTP 429; it took no effect. */
  'throttled',
  /** HTTP 200 with an error in the GraphQL answer; it took no effect. */
  'graphqlError',
  /** HTTP 500; it took effect. */
  'answerLost',
] as const;

/** All ways a publishing mutation fails; those after the quick ones answer when the worker's 2 s are over. */
export const PUBLISH_FAILURES = [
  ...QUICK_PUBLISH_FAILURES,
  /** It takes effect at once; the answer is late. */
  'answerLate',
  /** It takes effect late, after the worker's next try. */
  'appliedLate',
  /** It takes no effect; the answer is late. */
  'swallowed',
] as const;

/** One way a publishing mutation fails. */
export type PublishFailure = (typeof PUBLISH_FAILURES)[number];

/** A fault of probability `p` that lasts a time drawn from `ms`, both ends in milliseconds. */
export interface TimedFault {
  p: number;
  ms: readonly [number, number];
}

/** Faults of the offline model, on requests that would be answered with text. */
export interface ModelFaults {
  /** 429 with `Retry-After`, or 500, before the first token. */
  error: number;
  /** The connection breaks after some of the tokens. */
  cut: number;
  /** The stream ends cleanly after some of the tokens, without `finish_reason`. */
  truncate: number;
  /** Silence after some of the tokens. */
  stall: number;
}

/** Faults of the database, on reads and writes of functions. */
export interface DatabaseFaults {
  /** Refused as over capacity; it took no effect. */
  throttle: number;
  /** HTTP 500 or a reset connection; it took no effect. */
  fail: number;
  /** HTTP 500 or a reset connection after a write took effect. */
  appliedButFailed: number;
  /** A write takes effect only after its caller gave it up. */
  late: number;
  /** Whether requests of AppSync's data sources fail too. */
  appsync: boolean;
}

/**
 * The faults of `PUT /local/faults`. Everything absent is off. Numbers without another unit are probabilities, 0 to 1.
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
  /** The ways it fails, equally likely. @defaultValue the quick ones */
  failPublishBy: readonly PublishFailure[];
  /** One character of `text` differs in a delivery. */
  corrupt: number;
  /** A request over HTTP is refused as over quota. */
  throttle: number;
  /** The worker of an invocation that can run a generation crashes at one of its network calls. */
  crashWorker: number;
  /** The same for every other function: settle and purge. */
  crashSettle: number;
  /** The worker of an invocation that can run a generation stands still at one of its network calls, clocks and sockets included. */
  pauseWorker: TimedFault;
  /** An asynchronous event is never delivered, and nobody is told. */
  loseInvocation: number;
  /** A delivery of an asynchronous event waits a time drawn from the range. */
  lateInvocation: TimedFault;
  /** An asynchronous event is delivered twice. */
  duplicateInvocation: number;
  model: ModelFaults;
  database: DatabaseFaults;
  /** Same seed and same order of events, same faults. */
  seed: number;
}

const NEVER: TimedFault = Object.freeze({ p: 0, ms: Object.freeze([0, 0] as const) });

/** Nothing goes wrong. */
export const NO_FAULTS: FaultSet = Object.freeze({
  drop: 0,
  duplicate: 0,
  reorder: 0,
  delayMs: undefined,
  loseAfterAck: 0,
  cutSocketsEveryMs: 0,
  failPublish: 0,
  failPublishBy: QUICK_PUBLISH_FAILURES,
  corrupt: 0,
  throttle: 0,
  crashWorker: 0,
  crashSettle: 0,
  pauseWorker: NEVER,
  loseInvocation: 0,
  lateInvocation: NEVER,
  duplicateInvocation: 0,
  model: Object.freeze({ error: 0, cut: 0, truncate: 0, stall: 0 }),
  database: Object.freeze({ throttle: 0, fail: 0, appliedButFailed: 0, late: 0, appsync: false }),
  seed: 1,
});
