import { FieldError } from './errors.ts';
import type { DataSource, DataSourceOutcome } from './data-sources/data-source.ts';
import type { AppSyncCode, AppSyncContext, HandlerOutcome, RaisedError } from './js/index.ts';

/** What the handlers of one request did beside returning values, collected over all its resolvers. */
export interface ResolverEffects {
  responseHeaders: Record<string, string>;
  invalidations: unknown[];
  subscriptionFilter?: unknown;
  invalidationFilter?: unknown;
  /** Errors of `util.appendError` of this field. */
  appended: RaisedError[];
}

/** Resolves one field; rejects with `FieldError` for what the code raised. */
export type FieldResolver = (context: AppSyncContext, effects: ResolverEffects) => Promise<unknown>;

/** Code with its data source. Without code the data source gets the whole context and its errors are raised. */
export interface Step {
  code: AppSyncCode | undefined;
  dataSource: DataSource;
}

/** AppSync quota: functions in one pipeline (AppSync endpoints and quotas). */
export const MAX_PIPELINE_FUNCTIONS = 10;

/** A resolver on one data source. */
export function unitResolver(step: Step): FieldResolver {
  return async (base, effects) => (await runStep(step, { ...base }, effects)).value;
}

/**
 * A resolver of up to ten functions. Stash and arguments carry on from handler to handler, `ctx.prev.result` is what the step
 * before returned. `runtime.earlyReturn` ends a function (`NEXT`) or all of them (`END`); in the resolver's own request
 * handler it leads straight to the response handler, which sees the last value as both `ctx.result` and `ctx.prev.result`.
 */
export function pipelineResolver(own: AppSyncCode | undefined, steps: readonly Step[]): FieldResolver {
  return async (base, effects) => {
    const context: AppSyncContext = { ...base, prev: { result: null } };
    let ended = false;
    if (own !== undefined) {
      const before = call(own, 'request', context, effects);
      context.prev = { result: before.earlyReturn === undefined ? before.result : before.earlyReturn.value };
      ended = before.earlyReturn !== undefined;
    }
    for (const step of ended ? [] : steps) {
      const { value, end } = await runStep(step, context, effects);
      context.prev = { result: value };
      if (end) break;
    }
    if (own === undefined) return context.prev?.result ?? null;
    context.result = context.prev?.result ?? null;
    delete context.error;
    const after = call(own, 'response', context, effects);
    return after.earlyReturn === undefined ? after.result : after.earlyReturn.value;
  };
}

/** Runs one step on a context that it updates. `end`: the rest of a pipeline is skipped. */
async function runStep(
  step: Step,
  context: AppSyncContext,
  effects: ResolverEffects,
): Promise<{ value: unknown; end: boolean }> {
  delete context.result;
  delete context.error;
  if (step.code === undefined) {
    const { authType: _hidden, env: _unsent, error: _none, ...payload } = context;
    const request = { operation: 'Invoke', payload: { ...payload, arguments: context.args } };
    const outcome = await step.dataSource(request);
    if (outcome.error !== undefined) throw new FieldError(outcome.error.message, outcome.error.type);
    return { value: outcome.result, end: false };
  }
  const before = call(step.code, 'request', context, effects);
  if (before.earlyReturn !== undefined) {
    return { value: before.earlyReturn.value, end: before.earlyReturn.skipTo === 'END' };
  }
  const outcome: DataSourceOutcome = await step.dataSource(before.result);
  context.result = outcome.result;
  if (outcome.error !== undefined) context.error = outcome.error;
  const after = call(step.code, 'response', context, effects);
  if (after.earlyReturn === undefined) return { value: after.result, end: false };
  return { value: after.earlyReturn.value, end: after.earlyReturn.skipTo === 'END' };
}

/** Calls a handler and takes over what it did. Throws the error that the code raised. */
function call(
  code: AppSyncCode,
  handler: 'request' | 'response',
  context: AppSyncContext,
  effects: ResolverEffects,
): HandlerOutcome {
  const outcome = code[handler](context);
  context.stash = outcome.stash;
  context.args = outcome.args;
  effects.appended.push(...outcome.appendedErrors);
  effects.invalidations.push(...outcome.invalidations);
  Object.assign(effects.responseHeaders, outcome.responseHeaders);
  if (outcome.subscriptionFilter !== undefined) effects.subscriptionFilter = outcome.subscriptionFilter;
  if (outcome.invalidationFilter !== undefined) effects.invalidationFilter = outcome.invalidationFilter;
  if (outcome.error !== undefined) throw toFieldError(outcome.error);
  return outcome;
}

function toFieldError(raised: RaisedError): FieldError {
  return new FieldError(raised.message, raised.type, raised.data, raised.errorInfo);
}
