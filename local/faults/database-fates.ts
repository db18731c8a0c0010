import type { FaultSet } from './fault-set.ts';
import { faultStream } from './random.ts';

/** What becomes of one request to the database. */
export type DatabaseFate =
  | { kind: 'ok' }
  | { kind: 'throttle'; error: 'ThrottlingException' | 'ProvisionedThroughputExceededException' }
  | { kind: 'fail' | 'appliedButFailed'; by: 'answer' | 'reset' }
  | { kind: 'late' };

/**
 * Decides the fate of each read and write in order of arrival; the faults exclude each other, in the order of the set. What takes
 * effect although it failed, or late, is a write.
 */
export function createDatabaseFates(
  set: Pick<FaultSet, 'database' | 'seed'>,
): (isWrite: boolean) => DatabaseFate {
  const throttles = faultStream(set.seed, 'databaseThrottle');
  const fails = faultStream(set.seed, 'databaseFail');
  const applies = faultStream(set.seed, 'databaseApplied');
  const delays = faultStream(set.seed, 'databaseLate');
  const by = (how: number) => (how < 0.5 ? 'answer' : 'reset');
  return (isWrite) => {
    const [throttled, error] = [throttles(), throttles()];
    const [failed, failedBy] = [fails(), fails()];
    const [applied, appliedBy] = [applies(), applies()];
    const late = delays();
    const { database } = set;
    if (throttled < database.throttle) {
      return {
        kind: 'throttle',
        error: error < 0.5 ? 'ThrottlingException' : 'ProvisionedThroughputExceededException',
      };
    }
    if (failed < database.fail) return { kind: 'fail', by: by(failedBy) };
    if (isWrite && applied < database.appliedButFailed) {
      return { kind: 'appliedButFailed', by: by(appliedBy) };
    }
    return isWrite && late < database.late ? { kind: 'late' } : { kind: 'ok' };
  };
}
