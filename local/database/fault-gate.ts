import type { IncomingMessage, ServerResponse } from 'node:http';
import { createDatabaseFates, createFaultTally, NO_FAULTS } from '../faults/index.ts';
import type { FaultCounts, FaultSet } from '../faults/index.ts';
import type { Refusal } from './access-check.ts';

/** Longer than a function waits for an answer (3 s). */
export const LATE_MS = 3_500;

const SHAPE = 'com.amazonaws.dynamodb.v20120810#';
const INTERNAL_ERROR: Refusal = {
  __type: `${SHAPE}InternalServerError`,
  message: 'The request processing has failed because of an unknown error, exception or failure.',
};
const OVER_CAPACITY = {
  ThrottlingException: {
    __type: 'com.amazon.coral.availability#ThrottlingException',
    message: 'Throughput exceeds the current capacity of your table or index.',
  },
  ProvisionedThroughputExceededException: {
    __type: `${SHAPE}ProvisionedThroughputExceededException`,
    message:
      'The level of configured provisioned throughput for the table was exceeded. Consider increasing your provisioning level with the UpdateTable API.',
  },
} as const;

/** The role session under which AppSync's data sources come. */
const APPSYNC_SESSION = '/APPSYNC_ASSUME_ROLE';

/** A request that is allowed. */
export interface GatedRequest {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly isWrite: boolean;
  /** ARN of the assumed role. */
  readonly callerArn: string;
}

/** What stands between the IAM check and the database: faults, for callers that are to see some. */
export interface FaultGate {
  /** Runs the request, or lets it fail; `answer` sends an error in DynamoDB's form. */
  pass(
    request: GatedRequest,
    run: () => void,
    answer: (res: ServerResponse, status: number, error: Refusal) => void,
  ): void;
  /** From the next request on these count; what is late stays late. */
  replace(faults: FaultSet): void;
  injected(): FaultCounts;
  /** Forgets what is late. */
  close(): void;
}

/** Creates a gate that lets everything through. */
export function createFaultGate(): FaultGate {
  const tally = createFaultTally();
  const late = new Set<NodeJS.Timeout>();
  let set = NO_FAULTS;
  let fateOf = createDatabaseFates(set);
  return {
    pass({ req, res, isWrite, callerArn }, run, answer) {
      if (callerArn.endsWith(APPSYNC_SESSION) && !set.database.appsync) return run();
      const fate = fateOf(isWrite);
      if (fate.kind === 'ok') return run();
      tally.count(`database.${fate.kind}`);
      const fail = (by: 'answer' | 'reset'): void => {
        if (by === 'reset') req.socket.resetAndDestroy();
        else answer(res, 500, INTERNAL_ERROR);
      };
      switch (fate.kind) {
        case 'throttle':
          return answer(res, 400, OVER_CAPACITY[fate.error]);
        case 'fail':
          return fail(fate.by);
        case 'appliedButFailed':
          replaceAnswer(res, () => fail(fate.by));
          return run();
        case 'late': {
          const timer = setTimeout(() => {
            late.delete(timer);
            run();
          }, LATE_MS);
          late.add(timer);
        }
      }
    },
    replace(faults) {
      set = faults;
      fateOf = createDatabaseFates(faults);
    },
    injected: () => tally.read(),
    close() {
      for (const timer of late) clearTimeout(timer);
      late.clear();
    },
  };
}

/** The database gives its whole body to `end`: there its answer is dropped for another one. */
function replaceAnswer(res: ServerResponse, answer: () => void): void {
  const end = res.end.bind(res);
  res.end = (() => {
    res.end = end;
    answer();
    return res;
  }) as ServerResponse['end'];
}
