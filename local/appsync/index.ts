/** The embedded AppSync of the local stack. Not for production. */
export { createAppSync } from './appsync.ts';
export type { AppSync, AppSyncOptions } from './appsync.ts';
export type { ApiStack } from './compiled-api.ts';
export { noAppSyncWork } from './counters.ts';
export type { AppSyncCounters, AppSyncWork, Charge } from './counters.ts';
export type {
  Claims,
  InvokeLambda,
  LambdaAnswer,
  LambdaCall,
  LogLine,
  TokenVerdict,
  VerifyToken,
} from './ports.ts';
export { REALTIME_TIMES } from './realtime.ts';
export type { RealtimeTimes } from './realtime.ts';
