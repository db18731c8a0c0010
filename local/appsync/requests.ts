import { OperationTypeNode } from 'graphql';
import type { FieldNode } from 'graphql';
import type { PublishFate } from '../faults/index.ts';
import type { CompiledApi } from './compiled-api.ts';
import { conversationOf } from './counters.ts';
import type { Meter } from './counters.ts';
import { argumentsOf, executeOperation, prepareOperation, rootFieldsOf } from './engine.ts';
import type { ExecutionOutcome, GraphQlRequest, PreparedOperation, RequestOrigin } from './engine.ts';
import { RequestRefused } from './errors.ts';
import type { LogLine } from './ports.ts';
import type { Subscriptions } from './subscriptions.ts';

/** What running requests needs; `api` and `publishFate` are asked anew for each, so that both can be replaced. */
export interface RequestRunner {
  api(): CompiledApi;
  subscriptions: Subscriptions;
  meter: Meter;
  publishFate(): PublishFate;
  /** Waits until a publisher has given up waiting for its answer. */
  outwaitPublisher(): Promise<void>;
  log: LogLine;
}

/** AppSync's answer when something of its own failed. */
export function internalFailure(): RequestRefused {
  return new RequestRefused(500, 'InternalFailure', 'Internal Failure');
}

/**
 * Runs a query or mutation; a completed mutation is delivered to its subscribers before the answer is given out.
 * @throws RequestRefused for what HTTP answers with a status of its own, faults included.
 */
export async function runRequest(
  runner: RequestRunner,
  request: GraphQlRequest,
  origin: RequestOrigin,
): Promise<ExecutionOutcome> {
  const api = runner.api();
  const operation = prepareOperation(api, request);
  if (Array.isArray(operation)) {
    return { response: { data: null, errors: operation }, responseHeaders: {}, invalidations: [] };
  }
  const kind = operation.operation.operation;
  if (kind === OperationTypeNode.SUBSCRIPTION) {
    throw new RequestRefused(400, 'UnsupportedOperation', 'Subscriptions need the real-time endpoint.');
  }
  if (kind === OperationTypeNode.QUERY) {
    runner.meter.query(subjectOf(api, operation, rootFieldsOf(operation)));
    return executeOperation(api, operation, origin, runner.log);
  }
  return runMutation(runner, api, operation, origin);
}

async function runMutation(
  runner: RequestRunner,
  api: CompiledApi,
  operation: PreparedOperation,
  origin: RequestOrigin,
): Promise<ExecutionOutcome> {
  const fields = rootFieldsOf(operation);
  const watched = fields.some((field) => api.api.subscriptionsOf(field.name.value).length > 0);
  const fate = watched ? runner.publishFate() : 'ok';
  if (fate === 'graphqlError') return refusedInBand(fields);
  if (fate === 'swallowed' || fate === 'appliedLate') await runner.outwaitPublisher();
  const refused = refusalOf(fate);
  if (refused !== undefined) throw refused;
  runner.meter.mutation(subjectOf(api, operation, fields));
  const outcome = await executeOperation(api, operation, origin, runner.log);
  for (const field of fields) deliver(runner, api, operation, field, outcome);
  for (const invalidation of outcome.invalidations) {
    const { subscriptionField, payload } = invalidation as { subscriptionField?: unknown; payload?: unknown };
    runner.subscriptions.invalidate(String(subscriptionField), payload);
  }
  if (fate === 'answerLate') await runner.outwaitPublisher();
  if (fate === 'answerLost') throw internalFailure();
  return outcome;
}

/** What HTTP answers to a publish that takes no effect; undefined when it does. */
function refusalOf(fate: PublishFate): RequestRefused | undefined {
  switch (fate) {
    case 'refused':
    case 'swallowed':
      return internalFailure();
    case 'unavailable':
      return new RequestRefused(503, 'ServiceUnavailableException', 'Service Unavailable');
    case 'throttled':
      return new RequestRefused(429, 'ThrottlingException', 'Rate exceeded');
    default:
      return undefined;
  }
}

function deliver(
  runner: RequestRunner,
  api: CompiledApi,
  operation: PreparedOperation,
  field: FieldNode,
  outcome: ExecutionOutcome,
): void {
  const watchers = api.api.subscriptionsOf(field.name.value);
  const value = outcome.response.data?.[(field.alias ?? field.name).value];
  if (watchers.length === 0 || value === null || value === undefined) return;
  runner.meter.publish(subjectOf(api, operation, [field]), runner.subscriptions.publish(watchers, value));
}

/** The one conversation that fields are about; undefined when they are about several or none. */
function subjectOf(
  api: CompiledApi,
  operation: PreparedOperation,
  fields: readonly FieldNode[],
): string | undefined {
  const subjects = new Set(
    fields.map((field) => {
      try {
        return conversationOf(field.name.value, argumentsOf(api, operation, field));
      } catch {
        // null for a non-null argument, through a variable with a default: the execution says so, not the meter.
        return undefined;
      }
    }),
  );
  return subjects.size === 1 ? [...subjects][0] : undefined;
}

function refusedInBand(fields: readonly FieldNode[]): ExecutionOutcome {
  const keys = fields.map((field) => (field.alias ?? field.name).value);
  const errors = keys.map((key, index) => {
    const token = fields[index]?.loc?.startToken;
    const locations =
      token === undefined ? [] : [{ line: token.line, column: token.column, sourceName: null }];
    return {
      path: [key],
      data: null,
      errorType: 'InternalFailure',
      errorInfo: null,
      locations,
      message: 'Internal Failure',
    };
  });
  const data = Object.fromEntries(keys.map((key) => [key, null]));
  return { response: { data, errors }, responseHeaders: {}, invalidations: [] };
}
