/**
 * What the resolvers need of `@aws-appsync/utils`, so that the model runs the deployed resolver sources themselves: values
 * stay plain, time and ids come from the model.
 */

/** Ends a pipeline with an error type, as `util.error` does. */
export class ResolverError {
  readonly type: string;

  constructor(type: string) {
    this.type = type;
  }
}

/** Ends a step's request without its data source and response. */
export class EarlyReturn {}

const EARLY = new EarlyReturn();

/** Time and ids of the running schedule. */
export const host = { now: 0, ulids: 0 };

function thrown(error: object): never {
  throw error as Error;
}

let lastMs = Number.NaN;
let lastIso = '';

function isoOf(ms: number): string {
  if (ms !== lastMs) {
    lastIso = new Date(ms).toISOString();
    lastMs = ms;
  }
  return lastIso;
}

export const runtime = { earlyReturn: () => thrown(EARLY) };

export const util = {
  authType: () => 'User Pool Authorization',
  unauthorized: () => thrown(new ResolverError('Unauthorized')),
  error: (_message: string, type: string) => thrown(new ResolverError(type)),
  autoId: () => 'request',
  autoUlid: () => {
    host.ulids += 1;
    return `0${host.ulids}`.slice(-2);
  },
  time: {
    nowEpochMilliSeconds: () => host.now,
    epochMilliSecondsToISO8601: isoOf,
  },
  dynamodb: { toMapValues: (values: unknown) => values },
};
