import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { createFaultTally, createRequestFates, NO_FAULTS } from '../faults/index.ts';
import type { FaultCounts, FaultSet, PublishFate } from '../faults/index.ts';
import type { Principals } from '../iam/index.ts';
import { identify } from './auth.ts';
import type { AuthSettings, Caller, RequestCredentials } from './auth.ts';
import { compileApi } from './compiled-api.ts';
import type { ApiStack, CompiledApi } from './compiled-api.ts';
import { createMeter } from './counters.ts';
import type { AppSyncCounters, Charge } from './counters.ts';
import { createDynamoDbClient } from './data-sources/dynamodb-client.ts';
import { handleGraphQlHttp } from './http.ts';
import type { HttpPorts } from './http.ts';
import type { AppSyncCode } from './js/index.ts';
import type { InvokeLambda, LogLine, VerifyToken } from './ports.ts';
import { createRealtime, REALTIME_TIMES } from './realtime.ts';
import type { RealtimeTimes } from './realtime.ts';
import { runRequest } from './requests.ts';
import { createSubscriptions } from './subscriptions.ts';

/** What the embedded AppSync is made of. */
export interface AppSyncOptions {
  model: ApiStack;
  /** `loadAppSyncCode` of `./js`. */
  loadCode(code: string, name: string): AppSyncCode;
  principals: Principals;
  verifyToken: VerifyToken;
  invokeLambda: InvokeLambda;
  /** `http://host:port` of the local database. */
  dynamoDbEndpoint: string;
  log: LogLine;
  /** Told what the bill would count, as it happens. Default: nobody. */
  charge?: Charge;
  /** Default: the system clock. */
  now?: () => number;
  /** Default: AppSync's own times. */
  times?: Partial<RealtimeTimes>;
}

/** The embedded AppSync: one API, its HTTP endpoint and its real-time endpoint, without a listener of its own. */
export interface AppSync {
  /** Serves `/graphql`. Resolves to false, response untouched, for any other path. Never rejects. */
  handleHttp(request: IncomingMessage, response: ServerResponse): Promise<boolean>;
  /** Serves upgrades on `/graphql` and `/graphql/realtime`; false for others. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean;
  /** Replaces the whole set of faults at once, also for what is running. */
  setFaults(faults: FaultSet): void;
  /** How many of each fault happened here since the start. */
  injectedFaults(): FaultCounts;
  counters(): AppSyncCounters;
  /**
   * Runs another version of the API from the next request on. Sockets and running subscriptions stay.
   * @throws Error when the version cannot be compiled; the old one goes on then.
   */
  swapResolvers(model: ApiStack): void;
  /** Ends all connections. Resolves when they are closed. */
  close(): Promise<void>;
}

/** Longer than a worker waits for an answer (2 s), shorter than it waits for all its tries together. */
const LATE_ANSWER_MS = 3_000;

function authSettingsOf(stack: ApiStack, options: AppSyncOptions, now: () => number): AuthSettings {
  return {
    modes: new Set(stack.api.authModes),
    apiKeys: new Set(stack.api.apiKeys),
    region: stack.region,
    principals: options.principals,
    verifyToken: options.verifyToken,
    now,
  };
}

/**
 * Compiles the model and wires the endpoints.
 * @throws Error naming what of the model cannot be run (see `compileApi`).
 */
export function createAppSync(options: AppSyncOptions): AppSync {
  const { log, principals, invokeLambda } = options;
  const now = options.now ?? Date.now;
  const dynamoDb = createDynamoDbClient(options.dynamoDbEndpoint, options.model.region);
  const loadCode = (code: string, name: string): AppSyncCode => options.loadCode(code, name);
  const compile = (model: ApiStack): { api: CompiledApi; auth: AuthSettings } => ({
    api: compileApi(model, { loadCode, principals, invokeLambda, dynamoDb }),
    auth: authSettingsOf(model, options, now),
  });
  let current = compile(options.model);
  let fates = createRequestFates(NO_FAULTS);
  const tally = createFaultTally();

  const subscriptions = createSubscriptions(NO_FAULTS, log, tally);
  const meter = createMeter(now, options.charge);
  const api = (): CompiledApi => current.api;
  const identifyCaller = (request: RequestCredentials): Promise<Caller> => identify(request, current.auth);
  const publishFate = (): PublishFate => {
    const fate = fates.publish();
    if (fate !== 'ok') tally.count(`failPublish.${fate}`);
    return fate;
  };
  const outwaitPublisher = () => delay(LATE_ANSWER_MS, undefined, { ref: false });
  const runner = { api, subscriptions, meter, log, publishFate, outwaitPublisher };
  const httpPorts: HttpPorts = {
    identify: identifyCaller,
    run: (request, origin) => runRequest(runner, request, origin),
    throttled: () => {
      const isThrottled = fates.throttled();
      if (isThrottled) tally.count('throttle');
      return isThrottled;
    },
    log,
  };
  const realtime = createRealtime(
    { api, identify: identifyCaller, subscriptions, meter, log },
    { ...REALTIME_TIMES, ...options.times },
  );
  return {
    handleHttp: (request, response) => handleGraphQlHttp(request, response, httpPorts),
    handleUpgrade: (request, socket, head) => realtime.handleUpgrade(request, socket, head),
    setFaults(next) {
      fates = createRequestFates(next);
      subscriptions.setFaults(next);
      realtime.cutEvery(next.cutSocketsEveryMs, (connections) =>
        tally.count('cutSocketsEveryMs', connections),
      );
    },
    injectedFaults: () => tally.read(),
    counters: () => meter.read(subscriptions.size()),
    swapResolvers(model) {
      current = compile(model);
    },
    async close() {
      await realtime.close();
      dynamoDb.close();
    },
  };
}
