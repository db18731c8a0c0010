import type { WorkerFate } from '../faults/index.ts';
import type { LambdaFailure } from './failure.ts';

/** What a worker is started with. */
export interface WorkerSettings {
  assetPath: string;
  handler: string;
  functionName: string;
  functionArn: string;
  memoryMb: number;
  logGroupName: string;
  logStreamName: string;
  runtime: string;
  /** What a paused worker waits on; a notification wakes it. */
  pause: Int32Array<SharedArrayBuffer>;
}

/** Severity of a log line, from the console method that wrote it. */
export type LogLevel = 'DEBUG' | 'INFO' | 'WARN' | 'ERROR';

/** Parent to worker. `taken` returns the credit of body units that left for the client; `pause` stops the thread where it stands. */
export type ToWorker =
  | {
      kind: 'invoke';
      requestId: string;
      payload: string;
      deadline: number;
      fate: WorkerFate | undefined;
    }
  | { kind: 'taken'; units: number }
  | { kind: 'pause'; requestId: string; ms: number };

/** Worker to parent. `fault` precedes what it tells of; `head` precedes the first `chunk`; `bodyEnd` may come before `settled`; `crashed` is followed by the worker's exit. */
export type FromWorker =
  | { kind: 'ready' }
  | { kind: 'initFailed'; failure: LambdaFailure }
  | { kind: 'log'; level: LogLevel; requestId: string | undefined; message: string }
  | { kind: 'head'; contentType: string; prelude: string | undefined }
  | { kind: 'chunk'; data: string | Uint8Array }
  | { kind: 'bodyEnd' }
  | { kind: 'settled'; payload: string | undefined }
  | { kind: 'failed'; failure: LambdaFailure }
  | { kind: 'crashed'; failure: LambdaFailure }
  | { kind: 'fault'; fault: 'crash' | 'pause' };
