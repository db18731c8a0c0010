import type { LambdaModel } from '../template/lambda-model.ts';
import { ExecutionEnvironment } from './execution-environment.ts';
import type { LambdaFailure, Outcome } from './failure.ts';
import type { Invocation, ResponseSink } from './invocation.ts';
import type { LogLevel } from './messages.ts';

/** Where log lines of functions go. */
export type LambdaLog = (entry: {
  functionName: string;
  requestId: string | undefined;
  level: LogLevel;
  message: string;
}) => void;

/** Limits of one function's workers. */
export interface PoolOptions {
  lambda: LambdaModel;
  environment: Record<string, string>;
  /** Workers at the same time; reserved concurrency in the template lowers it. More invocations wait in order. */
  maxWorkers: number;
  /** Workers started ahead and never ended for being idle. */
  warmWorkers: number;
  idleMs: number;
  now(): number;
  log: LambdaLog;
  onFault(fault: 'crash' | 'pause'): void;
}

interface Waiting {
  invocation: Invocation;
  sink: ResponseSink | undefined;
  /** Past this time the event is too old to run. */
  notAfter: number;
  resolve(outcome: Outcome): void;
}

/** Lambda gives the initialization of an on-demand function ten seconds (Lambda execution environment lifecycle). */
const MAX_INIT_MS = 10_000;

const ENDED_EARLY: LambdaFailure = {
  errorType: 'Runtime.ExitError',
  errorMessage: 'the worker was ended before it had loaded the function',
};

/** Supervises the workers of one function: starts them on demand, keeps order among waiting invocations, ends idle ones. */
export class FunctionPool {
  readonly lambda: LambdaModel;
  readonly #options: PoolOptions;
  readonly #workers = new Set<ExecutionEnvironment>();
  /** Idle workers, the one used last at the end: it is taken first, so that the others get old and end. */
  readonly #idle: { worker: ExecutionEnvironment; timer: NodeJS.Timeout }[] = [];
  readonly #queue: Waiting[] = [];
  readonly #limit: number;
  #starting = 0;
  #retired = false;

  constructor(options: PoolOptions) {
    this.lambda = options.lambda;
    this.#options = options;
    this.#limit = Math.min(options.maxWorkers, options.lambda.reservedConcurrency ?? Infinity);
    for (let started = 0; started < Math.min(options.warmWorkers, this.#limit); started += 1) this.#start();
  }

  /** Runs the invocation as soon as a worker is free; invocations start in the order of submission. Never rejects. */
  submit(invocation: Invocation, sink?: ResponseSink, notAfter = Infinity): Promise<Outcome> {
    return new Promise((resolve) => {
      this.#queue.push({ invocation, sink, notAfter, resolve });
      this.#dispatch();
    });
  }

  /**
   * Starts one worker now and keeps it for the next invocation. Resolves when it has loaded the function, else with why it
   * cannot; a worker that takes longer than Lambda's ten seconds is ended. The pool itself goes on either way.
   */
  warmUp(): Promise<LambdaFailure | undefined> {
    return new Promise((resolve) => {
      const worker = this.#start((failure) => {
        clearTimeout(timer);
        resolve(failure);
      });
      const timer = setTimeout(() => {
        resolve({ errorType: 'Sandbox.Timedout', errorMessage: `Init timed out after ${MAX_INIT_MS} ms` });
        void worker.kill();
      }, MAX_INIT_MS);
    });
  }

  /** Takes over what waits in a retired pool of the same function, in its order: it has not started, so it runs the new code. */
  takeOver(retired: FunctionPool): void {
    this.#queue.push(...retired.#queue.splice(0));
    this.#dispatch();
  }

  /** Ends the worker of every running invocation that matches, as a crash would. Returns how many. */
  kill(matches: (invocation: Invocation) => boolean): number {
    const victims = this.#running(matches);
    for (const victim of victims) void victim.kill();
    return victims.length;
  }

  /** Stops the worker of every running invocation that matches for so long. Returns how many. */
  pause(matches: (invocation: Invocation) => boolean, ms: number): number {
    const victims = this.#running(matches);
    for (const victim of victims) victim.pause(ms);
    return victims.length;
  }

  /** Ends every pause. */
  wake(): void {
    for (const worker of this.#workers) worker.wake();
  }

  /** How many invocations run and how many wait. */
  load(): { running: number; waiting: number; workers: number } {
    const running = [...this.#workers].filter((worker) => worker.running !== undefined).length;
    return { running, waiting: this.#queue.length, workers: this.#workers.size };
  }

  /** Starts nothing ahead any more; what runs or waits still ends here, and each worker after its invocation. */
  retire(): void {
    this.#retired = true;
    for (const { worker, timer } of this.#idle.splice(0)) {
      clearTimeout(timer);
      void worker.kill();
    }
  }

  /** Ends every worker at once; running and waiting invocations fail. Resolves when nothing runs any more. */
  async close(): Promise<void> {
    this.retire();
    const failure = { errorType: 'Runtime.ExitError', errorMessage: 'the local stack stops' };
    for (const waiting of this.#queue.splice(0)) waiting.resolve({ ok: false, failure });
    await Promise.all([...this.#workers].map((worker) => worker.kill()));
  }

  #running(matches: (invocation: Invocation) => boolean): ExecutionEnvironment[] {
    return [...this.#workers].filter(({ running }) => running !== undefined && matches(running));
  }

  #dispatch(): void {
    const expired = (waiting: Waiting): boolean => this.#options.now() > waiting.notAfter;
    while (this.#queue.length > 0 && (expired(this.#queue[0]!) || this.#idle.length > 0)) {
      const next = this.#queue.shift()!;
      if (expired(next)) {
        const failure = {
          errorType: 'EventAgeExceeded',
          errorMessage: 'The event was older than its maximum age.',
        };
        next.resolve({ ok: false, failure, expired: true });
        continue;
      }
      const { worker, timer } = this.#idle.pop()!;
      clearTimeout(timer);
      next.invocation.startedAt = this.#options.now();
      void worker.run(next.invocation, next.sink).then((outcome) => {
        next.resolve(outcome);
        this.#rest(worker);
      });
    }
    while (this.#starting < this.#queue.length && this.#workers.size < this.#limit) this.#start();
  }

  /** `settled` is told whether the worker could load the function, in place of whoever waits for a worker. */
  #start(settled?: (failure: LambdaFailure | undefined) => void): ExecutionEnvironment {
    this.#starting += 1;
    let ready = false;
    const worker = new ExecutionEnvironment(this.lambda, this.#options.environment, {
      onReady: () => {
        ready = true;
        this.#starting -= 1;
        settled?.(undefined);
        this.#rest(worker);
      },
      onEnd: (initFailure) => {
        if (!ready) this.#starting -= 1;
        this.#forget(worker);
        if (!ready && settled !== undefined) settled(initFailure ?? ENDED_EARLY);
        else if (initFailure !== undefined) this.#initFailed(initFailure);
        this.#dispatch();
      },
      onLog: (level, requestId, message) =>
        this.#options.log({ functionName: this.lambda.name, requestId, level, message }),
      onFault: (fault) => this.#options.onFault(fault),
    });
    this.#workers.add(worker);
    return worker;
  }

  /** A function that cannot be loaded fails the invocation it was started for, as Lambda does; the next one tries again. */
  #initFailed(failure: LambdaFailure): void {
    const waiting = this.#queue.shift();
    const message = `could not be started: ${failure.errorType}: ${failure.errorMessage}`;
    this.#options.log({
      functionName: this.lambda.name,
      requestId: waiting?.invocation.requestId,
      level: 'ERROR',
      message,
    });
    waiting?.resolve({ ok: false, failure });
  }

  #rest(worker: ExecutionEnvironment): void {
    if (!this.#workers.has(worker)) return;
    if (this.#retired && this.#queue.length === 0) {
      void worker.kill();
      return;
    }
    const timer = setTimeout(() => this.#endIdle(worker), this.#options.idleMs).unref();
    this.#idle.push({ worker, timer });
    this.#dispatch();
  }

  #endIdle(worker: ExecutionEnvironment): void {
    if (this.#workers.size <= this.#options.warmWorkers) return;
    this.#forget(worker);
    void worker.kill();
  }

  #forget(worker: ExecutionEnvironment): void {
    this.#workers.delete(worker);
    const at = this.#idle.findIndex((entry) => entry.worker === worker);
    if (at >= 0) clearTimeout(this.#idle.splice(at, 1)[0]!.timer);
  }
}
