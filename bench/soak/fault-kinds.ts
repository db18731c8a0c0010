/** Which kinds of faults a set has on, and which of them may end an answer badly. Pure. */
import { QUICK_PUBLISH_FAILURES } from '../../local/faults/fault-set.ts';
import type { FaultName } from '../../local/faults/tally.ts';
import type { ChatMessage } from '../../client/index.ts';
import type { DrawnFaults } from './drawn-faults.ts';

const isOn = (value: unknown): boolean => {
  if (typeof value === 'number') return value > 0;
  if (value !== null && typeof value === 'object' && 'p' in value) return isOn(value.p);
  return Array.isArray(value);
};

/** The kinds that a set has on, each by the name it is counted under. */
export function kindsOf(faults: DrawnFaults): readonly FaultName[] {
  const {
    seed: _seed,
    failPublish = 0,
    failPublishBy = QUICK_PUBLISH_FAILURES,
    model,
    database,
    ...others
  } = faults;
  const nested = (name: string, set: object = {}) => named(set).map((kind) => `${name}.${kind}`);
  const kinds = [
    ...named(others),
    ...(failPublish > 0 ? failPublishBy.map((way) => `failPublish.${way}`) : []),
    ...nested('model', model),
    ...nested('database', database),
  ];
  return kinds as FaultName[];
}

function named(set: object): string[] {
  return Object.entries(set)
    .filter(([, value]) => isOn(value))
    .map(([kind]) => kind);
}

const DATABASE: readonly FaultName[] = [
  'database.throttle',
  'database.fail',
  'database.appliedButFailed',
  'database.late',
];

/** What may make an answer end so. An end that is not listed has no excuse. */
const CAUSES: Readonly<Record<string, readonly FaultName[]>> = {
  'FAILED UPSTREAM_RATE_LIMITED': ['model.error'],
  'FAILED UPSTREAM_UNAVAILABLE': ['model.error', 'model.cut'],
  'FAILED UPSTREAM_TRUNCATED': ['model.truncate'],
  // A worker that stood still finds its own patience with the model over.
  'FAILED UPSTREAM_TIMEOUT': ['model.stall', 'pauseWorker'],
  // The model is not asked before the history is read.
  'FAILED INTERNAL': DATABASE,
  'INTERRUPTED LOST': ['crashWorker', 'pauseWorker', 'loseInvocation', ...DATABASE],
  // The invocation of the next attempt counts as failed to a worker that stood still meanwhile.
  'INTERRUPTED DEADLINE': ['pauseWorker'],
};

/** How an answer ended, and what may have had a part in it. */
export interface SeenEnding extends Pick<ChatMessage, 'status'> {
  readonly messageId: string;
  /** Of the receipt's error. */
  readonly code: string | undefined;
  /** Whether anybody cancelled it. */
  readonly isCancelled: boolean;
  /** Every set that counted between the question and this end. */
  readonly faults: readonly DrawnFaults[];
}

/** What is wrong with an end that nothing explains; undefined when something does. */
export function unexplained({
  messageId,
  status,
  code,
  isCancelled,
  faults,
}: SeenEnding): string | undefined {
  if (status === 'COMPLETE' || (status === 'CANCELLED' && isCancelled)) return undefined;
  const ending = [status, code].filter(Boolean).join(' ');
  const causes: readonly string[] = CAUSES[ending] ?? [];
  if (faults.some((set) => kindsOf(set).some((kind) => causes.includes(kind)))) return undefined;
  return `${messageId} ends ${ending} though nothing that was on explains it`;
}
