import { Worker } from 'node:worker_threads';

import { NODE_COMPILE_CACHE } from '../compile-cache.ts';
import type { LambdaModel } from '../template/lambda-model.ts';
import { runtimeExited, timedOut } from './failure.ts';
import type { LambdaFailure, Outcome } from './failure.ts';
import { LOG_STREAM } from './function-environment.ts';
import { readHead } from './invocation.ts';
import type { Invocation, ResponseSink } from './invocation.ts';
import type { FromWorker, LogLevel, ToWorker, WorkerSettings } from './messages.ts';

/** Told to the pool; after `onEnd` nothing of the worker runs any more. */
export interface EnvironmentEvents {
  onReady(): void;
  /** `initFailure` is set when the worker ended before it was ever ready. */
  onEnd(initFailure: LambdaFailure | undefined): void;
  onLog(level: LogLevel, requestId: string | undefined, message: string): void;
  /** A fault begins: the worker crashes or stands still. */
  onFault(fault: 'crash' | 'pause'): void;
}

interface Run {
  invocation: Invocation;
  sink: ResponseSink | undefined;
  timer: NodeJS.Timeout;
  /** Why the worker will end or has ended under this invocation. */
  cause: LambdaFailure | undefined;
  /** Body units that left for the client and were not reported to the worker yet. */
  unacknowledged: number;
  resolve(outcome: Outcome): void;
}

/** Acknowledgements are sent for this many units together: one message for each chunk would double the traffic. */
const ACKNOWLEDGE_UNITS = 64 * 1024;

const ENTRY = new URL('./worker.ts', import.meta.url);

/** One execution environment: a worker thread with the function loaded, that runs one invocation at a time. */
export class ExecutionEnvironment {
  readonly #worker: Worker;
  readonly #lambda: LambdaModel;
  readonly #events: EnvironmentEvents;
  readonly #exited: Promise<void>;
  readonly #pause = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  #ready = false;
  #stopped = false;
  #initFailure: LambdaFailure | undefined;
  #run: Run | undefined;

  constructor(lambda: LambdaModel, env: Record<string, string>, events: EnvironmentEvents) {
    this.#lambda = lambda;
    this.#events = events;
    this.#worker = new Worker(ENTRY, {
      env: { ...env, NODE_COMPILE_CACHE },
      execArgv: [],
      stdout: true,
      stderr: true,
      workerData: {
        assetPath: lambda.assetPath,
        handler: lambda.handler,
        functionName: lambda.name,
        functionArn: lambda.arn,
        memoryMb: lambda.memoryMb,
        logGroupName: lambda.logGroupName,
        logStreamName: LOG_STREAM,
        runtime: lambda.runtime,
        pause: this.#pause,
      } satisfies WorkerSettings,
      // A small young generation: workers are many, and V8's default lets each keep tens of megabytes of garbage.
      resourceLimits: { maxOldGenerationSizeMb: lambda.memoryMb, maxYoungGenerationSizeMb: 16 },
    });
    this.#worker.on('message', (message: FromWorker) => this.#receive(message));
    this.#worker.on('error', (error) => this.#failed(error));
    this.#exited = new Promise((resolve) => {
      this.#worker.once('exit', (code) => {
        this.#exit(code);
        resolve();
      });
    });
    this.#worker.stdout.on('data', (text: Buffer) => this.#output('INFO', text));
    this.#worker.stderr.on('data', (text: Buffer) => this.#output('ERROR', text));
  }

  /** The invocation that runs now. */
  get running(): Invocation | undefined {
    return this.#run?.invocation;
  }

  /** Runs one invocation; call it only when ready and idle. Resolves when it ended, never rejects. */
  run(invocation: Invocation, sink: ResponseSink | undefined): Promise<Outcome> {
    return new Promise((resolve) => {
      const { timeoutMs } = this.#lambda;
      const timer = setTimeout(() => void this.#stop(timedOut(invocation.requestId, timeoutMs)), timeoutMs);
      this.#run = { invocation, sink, timer, cause: undefined, unacknowledged: 0, resolve };
      const { requestId, payload, fate } = invocation;
      this.#send({ kind: 'invoke', requestId, payload, deadline: Date.now() + timeoutMs, fate });
    });
  }

  /** Stops the whole thread for so long while it runs its present invocation. Lambda goes by its own clock and ends it at its timeout. */
  pause(ms: number): void {
    if (this.#run !== undefined) this.#send({ kind: 'pause', requestId: this.#run.invocation.requestId, ms });
  }

  /** Lets a thread that stands still go on; any other is left alone. */
  wake(): void {
    Atomics.notify(this.#pause, 0);
  }

  /** Ends the worker as a crash would: nothing it sends counts from now on. Resolves when nothing of it runs any more. */
  kill(): Promise<void> {
    const requestId = this.#run?.invocation.requestId ?? 'none';
    return this.#stop(runtimeExited(requestId, 'with error: signal: killed'));
  }

  async #stop(cause: LambdaFailure): Promise<void> {
    this.#stopped = true;
    if (this.#run !== undefined) this.#run.cause ??= cause;
    await this.#worker.terminate();
    await this.#exited;
  }

  #send(message: ToWorker): void {
    this.#worker.postMessage(message);
  }

  #receive(message: FromWorker): void {
    if (this.#stopped) return;
    switch (message.kind) {
      case 'ready':
        this.#ready = true;
        return this.#events.onReady();
      case 'initFailed':
        this.#initFailure = message.failure;
        return;
      case 'log':
        return this.#events.onLog(message.level, message.requestId, message.message);
      case 'head':
        return this.#head(message.contentType, message.prelude);
      case 'chunk':
        return this.#chunk(message.data);
      case 'fault':
        return this.#events.onFault(message.fault);
      case 'bodyEnd':
        return this.#run?.sink?.end();
      case 'settled':
        return this.#finish({ ok: true, payload: message.payload });
      case 'failed':
        return this.#finish({ ok: false, failure: message.failure });
      case 'crashed':
        if (this.#run !== undefined) this.#run.cause = message.failure;
        else if (!this.#ready) this.#initFailure = message.failure;
        else this.#events.onLog('ERROR', undefined, `crashed while idle: ${message.failure.errorMessage}`);
        return;
    }
  }

  #head(contentType: string, prelude: string | undefined): void {
    const head = readHead(contentType, prelude);
    if (this.#run === undefined) return;
    this.#run.invocation.metadata = head.metadata;
    this.#run.sink?.head(head);
  }

  #chunk(data: string | Uint8Array): void {
    const run = this.#run;
    if (run === undefined) return;
    const taken = (): void => {
      run.unacknowledged += data.length;
      // A slow client may take the rest of a body after its invocation ended: that is no credit for the next one.
      if (run.unacknowledged < ACKNOWLEDGE_UNITS || this.#run !== run) return;
      this.#send({ kind: 'taken', units: run.unacknowledged });
      run.unacknowledged = 0;
    };
    if (run.sink === undefined) taken();
    else run.sink.write(data, taken);
  }

  #finish(outcome: Outcome): void {
    const run = this.#run;
    if (run === undefined) return;
    clearTimeout(run.timer);
    this.#run = undefined;
    run.resolve(outcome);
  }

  #failed(error: unknown): void {
    const { code, message } = error as { code?: string; message?: string };
    const outOfMemory = code === 'ERR_WORKER_OUT_OF_MEMORY';
    const requestId = this.#run?.invocation.requestId ?? 'none';
    const failure = {
      ...runtimeExited(
        requestId,
        outOfMemory ? 'with error: signal: killed' : `with error: ${message ?? 'unknown'}`,
      ),
      ...(outOfMemory ? { errorType: 'Runtime.OutOfMemory' } : {}),
    };
    if (this.#run !== undefined) this.#run.cause ??= failure;
    else this.#initFailure ??= failure;
  }

  #exit(code: number): void {
    const how = code === 0 ? 'without providing a reason' : `with error: exit status ${code}`;
    const requestId = this.#run?.invocation.requestId ?? 'none';
    const initFailure =
      this.#ready || this.#stopped ? undefined : (this.#initFailure ?? runtimeExited(requestId, how));
    this.#stopped = true;
    const failure = this.#run?.cause ?? runtimeExited(requestId, how);
    // The pool forgets this worker before anybody hears of the outcome and submits more.
    this.#events.onEnd(initFailure);
    this.#finish({ ok: false, failure });
  }

  #output(level: LogLevel, text: Buffer): void {
    const message = text.toString().trimEnd();
    if (message !== '') this.#events.onLog(level, this.#run?.invocation.requestId, message);
  }
}
