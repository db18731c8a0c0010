import { randomUUID } from 'node:crypto';

import type { FaultCounts, FaultSet } from '../faults/index.ts';
import { authorize } from '../iam/principals.ts';
import type { Principal, Principals } from '../iam/principals.ts';
import { functionNameOf } from '../template/attributes.ts';
import type { LambdaModel } from '../template/lambda-model.ts';
import { BodyCollector } from './body-collector.ts';
import { EventQueue } from './event-queue.ts';
import type { DestinationRecord, QueuedEvent } from './event-queue.ts';
import { failureOf } from './failure.ts';
import type { LambdaFailure, Outcome } from './failure.ts';
import { functionEnvironment } from './function-environment.ts';
import { FunctionPool } from './function-pool.ts';
import type { LambdaLog } from './function-pool.ts';
import { createInvocation } from './invocation.ts';
import type { Invocation, ResponseSink } from './invocation.ts';
import { createInvocationFaults } from './invocation-faults.ts';

/** Lambda's limits on payloads. */
export const PAYLOAD_LIMIT_BYTES = { Event: 1024 * 1024, RequestResponse: 6 * 1024 * 1024 } as const;

/** A call that Lambda refuses before anything runs; `code` and `statusCode` are those of AWS. */
export class LambdaServiceError extends Error {
  override readonly name = 'LambdaServiceError';
  readonly code: string;
  readonly statusCode: number;

  constructor(code: string, statusCode: number, message: string) {
    super(message);
    this.code = code;
    this.statusCode = statusCode;
  }
}

/** A call of a function. Without a principal the caller is the service itself and nothing is checked. */
export interface InvokeCall {
  /** Name or ARN. */
  functionArn: string;
  invocationType: 'RequestResponse' | 'Event';
  /** Any JSON value; undefined is null. */
  payload: unknown;
  principal?: Principal;
}

/** Answer of a call. `functionError` is set when the function failed, with the same value as `payload`; an Event answers null. */
export interface InvokeAnswer {
  requestId: string;
  payload: unknown;
  functionError?: LambdaFailure;
}

/** One ended run: what the bill would count. */
export interface InvocationReport {
  functionName: string;
  requestId: string;
  event: unknown;
  /** Headers of a streamed answer, as the handler gave them; none when it streamed none. */
  responseHeaders: Readonly<Record<string, string>>;
  ok: boolean;
  /** Whether it got as far as the handler: an event that waited too long, or whose function cannot be loaded, did not. */
  hasStarted: boolean;
  /** From the handler's start to the end; neither the wait for a worker nor the worker's own start is in it. */
  durationMs: number;
  memoryMb: number;
  /** Bytes of a streamed body. */
  streamedBytes: number;
}

/** What the service needs; `lambdas` may be replaced later. */
export interface LambdaServiceOptions {
  lambdas: readonly LambdaModel[];
  principals: Pick<Principals, 'byRole'>;
  region: string;
  /** Variables on top of all others, for example `AWS_ENDPOINT_URL_DYNAMODB`. */
  environment?(lambda: LambdaModel): Record<string, string>;
  /** Workers at the same time for one function. Default 16. */
  maxWorkers?: number;
  /** Workers kept ready for a function even when idle. Default 0. */
  warmWorkers?(lambda: LambdaModel): number;
  /** A worker without work ends after this. Default 30 s. */
  idleMs?: number;
  /** Multiplies the pauses between tries of an event. Default 1. */
  retryDelayFactor?: number;
  log: LambdaLog;
  report?(report: InvocationReport): void;
  now?: () => number;
  newRequestId?: () => string;
}

/** Code that is loaded and not in service yet. Exactly one of the two is called, once. */
export interface PreparedFunctions {
  /** As `replace`; never throws. What waits for a worker runs the new code. */
  putIntoService(): void;
  /** Ends its workers. */
  discard(): Promise<void>;
}

/** A function that cannot be loaded; `failure` is what its first invocation would have got. */
export class FunctionLoadError extends Error {
  override readonly name = 'FunctionLoadError';
  readonly lambda: LambdaModel;
  readonly failure: LambdaFailure;

  constructor(lambda: LambdaModel, failure: LambdaFailure) {
    super(`${lambda.logicalId} cannot be loaded: ${failure.errorType}: ${failure.errorMessage}`);
    this.lambda = lambda;
    this.failure = failure;
  }
}

/** The Lambda service of the local stack. */
export interface LambdaService {
  /** Rejects with `AccessDeniedError` or `LambdaServiceError` when nothing was run or queued; a failed function does not reject. */
  invoke(call: InvokeCall): Promise<InvokeAnswer>;
  /** Runs a function with a streamed answer. `done` resolves when the invocation ended, which may be after the body did. */
  stream(call: { functionArn: string; payload: string; sink: ResponseSink }): {
    requestId: string;
    done: Promise<Outcome>;
  };
  /** Ends the worker of each running invocation that matches, as a crash would, and returns how many. */
  killWorker(matches: (invocation: Invocation) => boolean): number;
  /** Stops the worker of each running invocation that matches for so long, whole, and returns how many. */
  pauseWorker(matches: (invocation: Invocation) => boolean, ms: number): number;
  /** Ends every pause. */
  wakeWorkers(): void;
  /** Replaces the whole set of faults for what is accepted and invoked from now on. */
  setFaults(faults: FaultSet): void;
  /** How many of each fault happened here since the start. */
  injectedFaults(): FaultCounts;
  /** Runs new code and settings from the next invocation on; running ones end with the old. */
  replace(lambdas: readonly LambdaModel[]): void;
  /**
   * Makes ready what `replace` would put into service, with the roles of `principals`, and starts a worker of each function named in
   * `load`, so that code which cannot be loaded is known before anything is replaced. Nothing that runs is touched meanwhile. Rejects
   * with `FunctionLoadError`, or for what `replace` throws, with every worker it started ended.
   */
  prepare(
    lambdas: readonly LambdaModel[],
    principals: Pick<Principals, 'byRole'>,
    load: ReadonlySet<string>,
  ): Promise<PreparedFunctions>;
  /** Running and waiting invocations and workers by function name. */
  load(): Record<string, { running: number; waiting: number; workers: number }>;
  /** Ends all workers; nothing is retried or delivered afterwards. */
  close(): Promise<void>;
}

/** Starts the service. Throws when a function's role is not among the principals or a destination is no function of the app. */
export function createLambdaService(options: LambdaServiceOptions): LambdaService {
  const { principals, log, now = Date.now, newRequestId = randomUUID } = options;
  let pools = new Map<string, FunctionPool>();
  let closed = false;
  /** Pools of replaced functions that still run something. */
  let retired: FunctionPool[] = [];
  /** Pools that are not in service yet. */
  const prepared = new Set<Map<string, FunctionPool>>();

  const faults = createInvocationFaults();
  const queue = new EventQueue({
    now,
    retryDelayFactor: options.retryDelayFactor ?? 1,
    deliveries: () => faults.deliveries(),
    run: ({ functionArn, requestId, payload }, notAfter) =>
      // A hot reload may have taken the function away between two tries.
      run(functionArn, requestId, payload, undefined, notAfter).catch((cause: unknown) => ({
        ok: false,
        failure: failureOf(cause),
      })),
    deliver,
  });

  function principalOf(lambda: LambdaModel, among: Pick<Principals, 'byRole'> = principals): Principal {
    const principal = among.byRole(lambda.roleArn);
    if (principal === undefined)
      throw new Error(`${lambda.logicalId}: role ${lambda.roleArn} is not in the template`);
    return principal;
  }

  function createPools(
    lambdas: readonly LambdaModel[],
    among: Pick<Principals, 'byRole'> = principals,
  ): Map<string, FunctionPool> {
    for (const { asyncConfig, logicalId } of lambdas)
      for (const destination of [asyncConfig.onFailureArn, asyncConfig.onSuccessArn])
        if (destination !== undefined && !lambdas.some(({ arn }) => arn === destination))
          throw new Error(`${logicalId}: destination ${destination} is no function of the app`);
    return new Map(
      lambdas.map((lambda) => {
        const overrides = options.environment?.(lambda) ?? {};
        const pool = new FunctionPool({
          lambda,
          environment: functionEnvironment(lambda, principalOf(lambda, among), options.region, overrides),
          maxWorkers: options.maxWorkers ?? 16,
          warmWorkers: options.warmWorkers?.(lambda) ?? 0,
          idleMs: options.idleMs ?? 30_000,
          now,
          log,
          onFault: (fault) => faults.happened(lambda, fault),
        });
        return [lambda.name, pool];
      }),
    );
  }

  function poolOf(nameOrArn: string): FunctionPool {
    const pool = pools.get(functionNameOf(nameOrArn));
    if (pool !== undefined && !closed) return pool;
    throw new LambdaServiceError('ResourceNotFoundException', 404, `Function not found: ${nameOrArn}`);
  }

  async function run(
    functionArn: string,
    requestId: string,
    payload: string,
    sink?: ResponseSink,
    notAfter?: number,
  ): Promise<Outcome> {
    const pool = poolOf(functionArn);
    const invocation = createInvocation(pool.lambda.name, requestId, payload, faults.workerOf(pool.lambda));
    let streamedBytes = 0;
    const counting = sink && counted(sink, (bytes) => (streamedBytes += bytes));
    const outcome = await pool.submit(invocation, counting, notAfter);
    const { name: functionName, memoryMb } = pool.lambda;
    if (!outcome.ok && !closed)
      log({
        functionName,
        requestId,
        level: 'ERROR',
        message: `Invoke Error ${JSON.stringify(outcome.failure)}`,
      });
    const { startedAt } = invocation;
    options.report?.({
      functionName,
      requestId,
      event: invocation.event,
      responseHeaders: invocation.metadata?.headers ?? {},
      ok: outcome.ok,
      hasStarted: startedAt !== undefined,
      durationMs: startedAt === undefined ? 0 : now() - startedAt,
      memoryMb,
      streamedBytes,
    });
    return outcome;
  }

  function deliver(destinationArn: string, record: DestinationRecord, event: QueuedEvent): void {
    const call = async (): Promise<InvokeAnswer> => {
      const principal = principalOf(poolOf(event.functionArn).lambda);
      return invoke({ functionArn: destinationArn, invocationType: 'Event', payload: record, principal });
    };
    call().catch((cause: unknown) =>
      log({
        functionName: functionNameOf(event.functionArn),
        requestId: event.requestId,
        level: 'ERROR',
        message: `destination ${destinationArn} not reached: ${failureOf(cause).errorMessage}`,
      }),
    );
  }

  async function invoke(call: InvokeCall): Promise<InvokeAnswer> {
    const { lambda } = poolOf(call.functionArn);
    if (call.principal !== undefined) authorize(call.principal, 'lambda:InvokeFunction', lambda.arn);
    const payload = JSON.stringify(call.payload) ?? 'null';
    const limit = PAYLOAD_LIMIT_BYTES[call.invocationType];
    if (Buffer.byteLength(payload) > limit)
      throw new LambdaServiceError(
        'RequestTooLargeException',
        413,
        `Request must be smaller than ${limit} bytes for the InvokeFunction operation`,
      );
    const requestId = newRequestId();
    if (call.invocationType === 'Event') {
      queue.accept({ requestId, functionArn: lambda.arn, payload, config: lambda.asyncConfig });
      return { requestId, payload: null };
    }
    const body = new BodyCollector();
    return answerOf(requestId, await run(lambda.arn, requestId, payload, body), body);
  }

  function putIntoService(next: Map<string, FunctionPool>): void {
    prepared.delete(next);
    for (const [name, pool] of pools) {
      next.get(name)?.takeOver(pool);
      pool.retire();
    }
    retired = [...retired, ...pools.values()].filter((pool) => pool.load().workers > 0);
    pools = next;
  }

  pools = createPools(options.lambdas);
  const inService = (): FunctionPool[] => [...pools.values(), ...retired];

  return {
    invoke,
    stream({ functionArn, payload, sink }) {
      const requestId = newRequestId();
      return { requestId, done: run(functionArn, requestId, payload, sink) };
    },
    killWorker: (matches) => inService().reduce((killed, pool) => killed + pool.kill(matches), 0),
    pauseWorker: (matches, ms) => inService().reduce((paused, pool) => paused + pool.pause(matches, ms), 0),
    wakeWorkers() {
      for (const pool of inService()) pool.wake();
    },
    setFaults: (next) => faults.replace(next),
    injectedFaults: () => faults.injected(),
    replace: (lambdas) => putIntoService(createPools(lambdas)),
    async prepare(lambdas, among, load) {
      const next = createPools(lambdas, among);
      prepared.add(next);
      const discard = async () => {
        prepared.delete(next);
        await Promise.all([...next.values()].map((pool) => pool.close()));
      };
      for (const pool of next.values()) {
        const failure = load.has(pool.lambda.name) ? await pool.warmUp() : undefined;
        if (failure === undefined) continue;
        await discard();
        throw new FunctionLoadError(pool.lambda, failure);
      }
      return { putIntoService: () => putIntoService(next), discard };
    },
    load: () => Object.fromEntries([...pools].map(([name, pool]) => [name, pool.load()])),
    async close() {
      closed = true;
      queue.close();
      const all = [pools, ...prepared].flatMap((some) => [...some.values()]);
      await Promise.all([...all, ...retired].map((pool) => pool.close()));
    },
  };
}

/** The same sink, told how many bytes pass through it. */
function counted(sink: ResponseSink, count: (bytes: number) => void): ResponseSink {
  return {
    head: (head) => sink.head(head),
    write(chunk, taken) {
      count(Buffer.byteLength(chunk));
      sink.write(chunk, taken);
    },
    end: () => sink.end(),
  };
}

/** The answer to a synchronous call; a streamed body is handed over whole, as Invoke does. */
function answerOf(requestId: string, outcome: Outcome, body: BodyCollector): InvokeAnswer {
  if (!outcome.ok) return { requestId, payload: outcome.failure, functionError: outcome.failure };
  const payload = outcome.payload === undefined ? body.text() : outcome.payload;
  const bytes = Buffer.byteLength(payload);
  if (bytes > PAYLOAD_LIMIT_BYTES.RequestResponse) {
    const functionError: LambdaFailure = {
      errorType: 'Function.ResponseSizeTooLarge',
      errorMessage: `Response payload size (${bytes} bytes) exceeded maximum allowed payload size (${PAYLOAD_LIMIT_BYTES.RequestResponse} bytes).`,
    };
    return { requestId, payload: functionError, functionError };
  }
  return { requestId, payload: outcome.payload === undefined ? payload : (JSON.parse(payload) as unknown) };
}
