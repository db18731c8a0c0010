import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { format } from 'node:util';
import { parentPort, workerData } from 'node:worker_threads';

import { failureOf } from './failure.ts';
import type { LambdaFailure } from './failure.ts';
import type { FromWorker, LogLevel, ToWorker, WorkerSettings } from './messages.ts';
import { awslambda, ResponseStream, STREAMING } from './response-stream.ts';
import type { Handler, Post } from './response-stream.ts';
import { armWorkerFaults } from './worker-faults.ts';

/*
 * The runtime inside one worker thread: loads the bundle, then takes one invocation at a time. Nothing is frozen after a handler settled
 * (AWS does that): work that goes on runs beside the next invocation.
 */
const settings = workerData as WorkerSettings;
const port = parentPort!;
const post: Post = (message, transfer = []) => port.postMessage(message satisfies FromWorker, transfer);

// It was read when the thread began, and a function has Lambda's variables alone.
delete process.env.NODE_COMPILE_CACHE;

let current: string | undefined;
let body: ResponseStream | undefined;

/** Console methods by the level that Lambda gives their lines. */
const LEVELS: Readonly<Record<string, LogLevel>> = {
  trace: 'DEBUG',
  debug: 'DEBUG',
  log: 'INFO',
  info: 'INFO',
  warn: 'WARN',
  error: 'ERROR',
};

function redirectConsole(): void {
  for (const [method, level] of Object.entries(LEVELS))
    Object.assign(console, {
      [method]: (...parts: unknown[]): void =>
        post({ kind: 'log', level, requestId: current, message: format(...parts) }),
    });
}

function crash(errorType: string, thrown: unknown): void {
  post({ kind: 'crashed', failure: { ...failureOf(thrown), errorType } });
  process.exit(1);
}

/** Timers, sockets and clock checks of the thread stand still too, as in a frozen or starved machine. */
function standStill(ms: number): void {
  post({ kind: 'fault', fault: 'pause' });
  Atomics.wait(settings.pause, 0, 0, ms);
}

function crashAsAMachine(): void {
  post({ kind: 'fault', fault: 'crash' });
  process.exit(1);
}

class InitError extends Error {
  readonly errorType: string;

  constructor(errorType: string, message: string) {
    super(message);
    this.errorType = errorType;
  }
}

async function loadHandler(): Promise<Handler> {
  const file = basename(settings.handler);
  const dot = file.indexOf('.');
  const stem = join(settings.assetPath, dirname(settings.handler), dot < 0 ? file : file.slice(0, dot));
  const path = ['.mjs', '.js', '.cjs'].map((extension) => stem + extension).find(existsSync);
  if (path === undefined)
    throw new InitError('Runtime.ImportModuleError', `Cannot find module '${basename(stem)}'`);
  const module = (await import(pathToFileURL(path).href)) as Record<string, unknown> & { default?: unknown };
  const name = dot < 0 ? '' : file.slice(dot + 1);
  const handler = module[name] ?? (module.default as Record<string, unknown> | undefined)?.[name];
  if (typeof handler !== 'function')
    throw new InitError('Runtime.HandlerNotFound', `${settings.handler} is undefined or not exported`);
  const loaded = handler as Handler;
  if (loaded.length >= 3 && loaded[STREAMING] !== true && Number(/\d+/.exec(settings.runtime)?.[0]) >= 24)
    throw new InitError(
      'Runtime.CallbackHandlerDeprecated',
      `${settings.runtime} has no callback handlers: return a promise instead of taking a third parameter`,
    );
  return loaded;
}

function contextOf(message: Extract<ToWorker, { kind: 'invoke' }>): Record<string, unknown> {
  return {
    awsRequestId: message.requestId,
    callbackWaitsForEmptyEventLoop: true,
    functionName: settings.functionName,
    functionVersion: '$LATEST',
    invokedFunctionArn: settings.functionArn,
    memoryLimitInMB: String(settings.memoryMb),
    logGroupName: settings.logGroupName,
    logStreamName: settings.logStreamName,
    getRemainingTimeInMillis: () => message.deadline - Date.now(),
  };
}

/** The answer as JSON text; what JSON cannot hold fails the invocation as on AWS. */
function marshal(result: unknown): string {
  try {
    return JSON.stringify(result) ?? 'null';
  } catch (cause) {
    throw Object.assign(new Error(`Unable to stringify response body: ${String(cause)}`), {
      name: 'Runtime.MarshalError',
    });
  }
}

async function invoke(handler: Handler, message: Extract<ToWorker, { kind: 'invoke' }>): Promise<void> {
  current = message.requestId;
  const event: unknown = JSON.parse(message.payload);
  const context = contextOf(message);
  if (handler[STREAMING] !== true) {
    const payload = marshal(await handler(event, context));
    return post({ kind: 'settled', payload });
  }
  const stream = new ResponseStream(post);
  body = stream;
  const finished = new Promise<void>((resolve, reject) => {
    stream.once('finish', resolve);
    stream.once('error', reject);
  });
  // The rejection of a stream nobody waits for any more must not look like an unhandled one.
  finished.catch(() => undefined);
  try {
    const running = handler(event, stream, context);
    if (!isThenable(running)) throw new Error('Streaming does not support non-async handlers.');
    await running;
    // As on AWS the invocation lasts until promise and stream are both done; a stream never ended runs into the timeout.
    await finished;
    post({ kind: 'settled', payload: undefined });
  } catch (cause) {
    stream.destroy();
    throw cause;
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}

function initFailure(cause: unknown): LambdaFailure {
  const failure = failureOf(cause);
  if (cause instanceof InitError) return { ...failure, errorType: cause.errorType };
  const code = (cause as { code?: string } | undefined)?.code;
  return code === 'ERR_MODULE_NOT_FOUND' ? { ...failure, errorType: 'Runtime.ImportModuleError' } : failure;
}

redirectConsole();
Object.assign(globalThis, { awslambda });
process.on('unhandledRejection', (reason) => crash('Runtime.UnhandledPromiseRejection', reason));
process.on('uncaughtException', (cause) => crash(failureOf(cause).errorType, cause));

try {
  const handler = await loadHandler();
  port.on('message', (message: ToWorker) => {
    if (message.kind === 'taken') return body?.taken(message.units);
    if (message.kind === 'pause') return message.requestId === current ? standStill(message.ms) : undefined;
    const disarm = armWorkerFaults(message.fate, { crash: crashAsAMachine, pause: standStill });
    invoke(handler, message)
      .catch((cause: unknown) => post({ kind: 'failed', failure: failureOf(cause) }))
      .finally(disarm);
  });
  post({ kind: 'ready' });
} catch (cause) {
  post({ kind: 'initFailed', failure: initFailure(cause) });
  process.exit(1);
}
