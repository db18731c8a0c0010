export type {
  AppSyncContext,
  AuthType,
  HandlerName,
  HandlerOutcome,
  RaisedError,
  RuntimePorts,
} from './outcome.ts';
export { AppSyncCodeError, loadAppSyncCode } from './sandbox.ts';
export type { AppSyncCode } from './sandbox.ts';
export type { SubscriptionFilter, SubscriptionFilterEntry } from './subscription-filter.ts';
export { checkAppSyncSyntax } from './syntax.ts';
export type { SyntaxProblem } from './syntax.ts';
