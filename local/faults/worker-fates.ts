import type { FaultSet, TimedFault } from './fault-set.ts';
import { faultStream, type Random } from './random.ts';

/**
 * A moment in an invocation, by its network calls counted from 1: before the request leaves, or when its answer is there and nobody
 * has seen it.
 */
export interface CallMoment {
  call: number;
  side: 'before' | 'after';
}

/** What happens to the worker of one invocation; a moment that it does not reach never comes. */
export interface WorkerFate {
  crash?: CallMoment;
  pause?: CallMoment & { ms: number };
}

/** Decides what becomes of asynchronous events and of workers. */
export interface InvocationFates {
  /** The waits after which an asynchronous event is delivered, one for each delivery; none when it is lost. In order of acceptance. */
  deliveries(): readonly number[];
  /** In order of invocation; undefined when nothing happens. */
  worker(runsGenerations: boolean): WorkerFate | undefined;
}

/** Half of the moments lie within the first nine calls, as many as a short answer takes; one in a hundred lies beyond sixty. */
const MEAN_CALLS = 13;

/** Every call draws the same number of times, so that switching one fault on leaves the others' draws alone. */
export function createInvocationFates(set: FaultSet): InvocationFates {
  const lose = faultStream(set.seed, 'loseInvocation');
  const late = faultStream(set.seed, 'lateInvocation');
  const duplicate = faultStream(set.seed, 'duplicateInvocation');
  const crash = faultStream(set.seed, 'crashWorker');
  const pause = faultStream(set.seed, 'pauseWorker');
  return {
    deliveries() {
      const isLost = lose() < set.loseInvocation;
      const isTwice = duplicate() < set.duplicateInvocation;
      const waits = [lasting(set.lateInvocation, late), lasting(set.lateInvocation, late)];
      return isLost ? [] : waits.slice(0, isTwice ? 2 : 1).map((ms) => ms ?? 0);
    },
    worker(runsGenerations) {
      const crashes = crash() < (runsGenerations ? set.crashWorker : set.crashSettle);
      const crashAt = moment(crash);
      const pauseMs = lasting(set.pauseWorker, pause);
      const pauseAt = moment(pause);
      const pauses = runsGenerations && pauseMs !== undefined;
      if (!crashes && !pauses) return undefined;
      return {
        ...(crashes && { crash: crashAt }),
        ...(pauses && { pause: { ...pauseAt, ms: pauseMs } }),
      };
    },
  };
}

function lasting({ p, ms: [low, high] }: TimedFault, random: Random): number | undefined {
  const [happens, length] = [random(), random()];
  return happens < p ? low + length * (high - low) : undefined;
}

function moment(random: Random): CallMoment {
  const [late, side] = [random(), random()];
  return { call: 1 + Math.floor(-Math.log(1 - late) * MEAN_CALLS), side: side < 0.5 ? 'before' : 'after' };
}
