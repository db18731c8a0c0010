import { execute, getArgumentValues, Kind } from 'graphql';
import type {
  ExecutionResult,
  FieldNode,
  FragmentDefinitionNode,
  GraphQLResolveInfo,
  OperationDefinitionNode,
} from 'graphql';
import { checkAccess, identityOf } from './auth.ts';
import type { Caller } from './auth.ts';
import type { CompiledApi } from './compiled-api.ts';
import { chooseOperation } from './documents.ts';
import type { PreparedDocument } from './documents.ts';
import { FieldError } from './errors.ts';
import type { WireError, WireResponse } from './errors.ts';
import { toWireError } from './execution-errors.ts';
import type { AppSyncContext } from './js/index.ts';
import type { LogLine } from './ports.ts';
import type { ResolverEffects } from './resolver.ts';
import { selectionOf } from './selection.ts';
import { coerceVariables } from './variables.ts';

/** A GraphQL request after its envelope was read. */
export interface GraphQlRequest {
  query: string;
  operationName: string | undefined;
  variables: Record<string, unknown>;
}

/** Who asks, and with which headers (lower-case names; a repeated one is a list). */
export interface RequestOrigin {
  caller: Caller;
  headers: Record<string, string | string[]>;
}

/** A request that passed validation and coercion. */
export interface PreparedOperation {
  prepared: PreparedDocument;
  operation: OperationDefinitionNode;
  /** As sent. */
  rawVariables: Record<string, unknown>;
  /** As coerced; an omitted optional variable is absent. */
  variables: Record<string, unknown>;
}

/** The answer of a query or mutation and what follows from it. */
export interface ExecutionOutcome {
  response: WireResponse;
  responseHeaders: Record<string, string>;
  invalidations: unknown[];
}

interface ExecutionScope {
  api: CompiledApi;
  origin: RequestOrigin;
  operation: PreparedOperation;
  effects: Omit<ResolverEffects, 'appended'>;
  appended: WireError[];
  resolversRun: number;
}

/** AppSync quota: a request runs at most this long (AppSync endpoints and quotas). */
export const MAX_EXECUTION_MS = 30_000;
/** AppSync quota: resolvers in one request, unless the API sets a lower limit. */
export const MAX_RESOLVERS = 10_000;

/**
 * Parses, validates and coerces. Answers the errors of the request instead when there are any (status 200, `data: null`).
 * @throws RequestRefused 400 when the query is no GraphQL at all.
 */
export function prepareOperation(api: CompiledApi, request: GraphQlRequest): PreparedOperation | WireError[] {
  const prepared = api.documents.prepare(request.query);
  if (prepared.errors.length > 0) return [...prepared.errors];
  const operation = chooseOperation(prepared, request.operationName);
  if (!('kind' in operation)) return [operation];
  const coerced = coerceVariables(api.api.schema, operation, request.variables);
  if (!coerced.ok) return [coerced.error];
  return { prepared, operation, rawVariables: request.variables, variables: coerced.values };
}

/** Runs a query or mutation. Never rejects: whatever goes wrong is in `errors`. */
export async function executeOperation(
  api: CompiledApi,
  operation: PreparedOperation,
  origin: RequestOrigin,
  log: LogLine,
): Promise<ExecutionOutcome> {
  const scope: ExecutionScope = {
    api,
    origin,
    operation,
    effects: { responseHeaders: {}, invalidations: [] },
    appended: [],
    resolversRun: 0,
  };
  const running = execute({
    schema: api.api.schema,
    document: operation.prepared.document,
    operationName: operation.operation.name?.value,
    variableValues: operation.rawVariables,
    contextValue: scope,
    fieldResolver: resolveField,
  });
  const result = await withinTime(running);
  const { responseHeaders, invalidations } = scope.effects;
  if (result === 'timeout') {
    const late: WireError = {
      path: null,
      errorType: 'ExecutionTimeout',
      locations: [],
      message: 'Execution timed out.',
    };
    return { response: { data: null, errors: [late] }, responseHeaders, invalidations };
  }
  const errors = (result.errors ?? []).map((error) => toWireError(error, api.api.schema, log));
  errors.push(...scope.appended);
  const data = result.data ?? null;
  return { response: errors.length === 0 ? { data } : { data, errors }, responseHeaders, invalidations };
}

async function withinTime(
  running: ExecutionResult | PromiseLike<ExecutionResult>,
): Promise<ExecutionResult | 'timeout'> {
  if (!('then' in running)) return running;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'timeout'>((resolve) => {
    timer = setTimeout(() => resolve('timeout'), MAX_EXECUTION_MS);
    timer.unref();
  });
  try {
    return await Promise.race([running, late]);
  } finally {
    clearTimeout(timer);
  }
}

function resolveField(
  source: unknown,
  args: Record<string, unknown>,
  scope: ExecutionScope,
  info: GraphQLResolveInfo,
): unknown {
  const { api, origin } = scope;
  const typeName = info.parentType.name;
  checkAccess(api.api, origin.caller, typeName, info.fieldName, api.stack.api.arn);
  const resolver = api.resolverOf(typeName, info.fieldName);
  if (resolver === undefined) {
    // A field without a resolver reads its parent; at the root there is none, so it is null without an error.
    return (source as Record<string, unknown> | null | undefined)?.[info.fieldName];
  }
  scope.resolversRun += 1;
  // CloudFormation's 0 means that the API sets no limit of its own.
  if (scope.resolversRun > (api.stack.api.resolverCountLimit || MAX_RESOLVERS)) {
    throw new FieldError('Resolver invocation limit reached.', 'ResolverExecutionLimitReached');
  }
  const effects: ResolverEffects = { ...scope.effects, appended: [] };
  const context = contextOf(api, origin, source ?? null, args, {
    fieldName: info.fieldName,
    parentTypeName: typeName,
    variables: scope.operation.rawVariables,
    ...selectionOf(info),
  });
  return resolver(context, effects).finally(() => {
    for (const raised of effects.appended) scope.appended.push(appendedError(raised, info));
  });
}

function appendedError(raised: ResolverEffects['appended'][number], info: GraphQLResolveInfo): WireError {
  const path: (string | number)[] = [];
  for (let step: GraphQLResolveInfo['path'] | undefined = info.path; step !== undefined; step = step.prev) {
    path.unshift(step.key);
  }
  const token = info.fieldNodes[0]?.loc?.startToken;
  return {
    path,
    data: raised.data ?? null,
    errorType: raised.type,
    errorInfo: raised.errorInfo ?? null,
    locations: token === undefined ? [] : [{ line: token.line, column: token.column, sourceName: null }],
    message: raised.message,
  };
}

/** `ctx` of a field. `source` is null for fields of the root types. */
export function contextOf(
  api: CompiledApi,
  origin: RequestOrigin,
  source: unknown,
  args: Record<string, unknown>,
  info: AppSyncContext['info'],
): AppSyncContext {
  return {
    args,
    identity: identityOf(origin.caller),
    source,
    stash: {},
    env: api.stack.api.environment,
    request: { headers: origin.headers, domainName: null },
    info,
    authType: origin.caller.mode,
  };
}

/** The root fields of an operation, through fragments. */
export function rootFieldsOf({
  prepared,
  operation,
}: Pick<PreparedOperation, 'prepared' | 'operation'>): FieldNode[] {
  const fragments = fragmentsOf(prepared);
  const walk = (set: OperationDefinitionNode['selectionSet']): FieldNode[] =>
    set.selections.flatMap((selection) => {
      if (selection.kind === Kind.FIELD) return [selection];
      const inner = selection.kind === Kind.INLINE_FRAGMENT ? selection : fragments[selection.name.value];
      return inner === undefined ? [] : walk(inner.selectionSet);
    });
  return walk(operation.selectionSet);
}

/** Fragments of a document by name. */
export function fragmentsOf(prepared: PreparedDocument): Record<string, FragmentDefinitionNode> {
  return Object.fromEntries(
    prepared.document.definitions.flatMap((definition) =>
      definition.kind === Kind.FRAGMENT_DEFINITION ? [[definition.name.value, definition] as const] : [],
    ),
  );
}

/** Coerced arguments of a root field. */
export function argumentsOf(
  api: CompiledApi,
  operation: PreparedOperation,
  node: FieldNode,
): Record<string, unknown> {
  const { schema } = api.api;
  const root = schema.getRootType(operation.operation.operation);
  const definition = root?.getFields()[node.name.value];
  return definition === undefined ? {} : getArgumentValues(definition, node, operation.variables);
}
