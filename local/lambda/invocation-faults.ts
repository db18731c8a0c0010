import { createFaultTally, createInvocationFates, NO_FAULTS } from '../faults/index.ts';
import type { FaultCounts, FaultSet, WorkerFate } from '../faults/index.ts';
import type { LambdaModel } from '../template/lambda-model.ts';

/** Whether a function runs generations: those have a destination for failures or a URL, what cleans up has neither. */
export function runsGenerations(lambda: Pick<LambdaModel, 'url' | 'asyncConfig'>): boolean {
  return (lambda.url ?? lambda.asyncConfig.onFailureArn) !== undefined;
}

/** The faults of a Lambda service, drawn and counted. */
export interface InvocationFaults {
  replace(faults: FaultSet): void;
  injected(): FaultCounts;
  /** The waits of an accepted event, one for each delivery. */
  deliveries(): readonly number[];
  /** What becomes of the worker of the next invocation of a function. */
  workerOf(lambda: LambdaModel): WorkerFate | undefined;
  /** Counts what a worker of the function told of. */
  happened(lambda: LambdaModel, fault: 'crash' | 'pause'): void;
}

/** Starts without faults. */
export function createInvocationFaults(): InvocationFaults {
  let fates = createInvocationFates(NO_FAULTS);
  const tally = createFaultTally();
  return {
    replace(faults) {
      fates = createInvocationFates(faults);
    },
    injected: () => tally.read(),
    deliveries() {
      const waits = fates.deliveries();
      if (waits.length === 0) tally.count('loseInvocation');
      if (waits.length > 1) tally.count('duplicateInvocation');
      tally.count('lateInvocation', waits.filter((ms) => ms > 0).length);
      return waits;
    },
    workerOf: (lambda) => fates.worker(runsGenerations(lambda)),
    happened(lambda, fault) {
      if (fault === 'pause') tally.count('pauseWorker');
      else tally.count(runsGenerations(lambda) ? 'crashWorker' : 'crashSettle');
    },
  };
}
