/** The Lambda service of the local stack: workers, asynchronous queue, HTTP API, Function URLs. */
export { createLambdaApi } from './api.ts';
export type { LambdaApiOptions } from './api.ts';
export type { DestinationRecord, QueuedEvent } from './event-queue.ts';
export type { LambdaFailure, Outcome } from './failure.ts';
export type { LambdaLog } from './function-pool.ts';
export { createFunctionUrl } from './function-url.ts';
export type { FunctionUrlOptions } from './function-url.ts';
export type { FunctionUrlEvent } from './function-url-event.ts';
export { runsGenerations } from './invocation-faults.ts';
export type { HttpMetadata, Invocation, ResponseHead, ResponseSink } from './invocation.ts';
export type { LogLevel } from './messages.ts';
export { readBody } from './request-body.ts';
export {
  createLambdaService,
  FunctionLoadError,
  LambdaServiceError,
  PAYLOAD_LIMIT_BYTES,
} from './service.ts';
export type {
  InvocationReport,
  InvokeAnswer,
  InvokeCall,
  LambdaService,
  LambdaServiceOptions,
  PreparedFunctions,
} from './service.ts';
