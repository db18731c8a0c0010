import { Kind } from 'graphql';
import type { FieldNode } from 'graphql';
import { checkAccess, groupsOf, mayAccess } from './auth.ts';
import type { CompiledApi } from './compiled-api.ts';
import { argumentsOf, contextOf, fragmentsOf, rootFieldsOf } from './engine.ts';
import type { PreparedOperation, RequestOrigin } from './engine.ts';
import { FieldError, RequestRefused } from './errors.ts';
import { readSubscriptionFilter } from './filters.ts';
import type { SubscriptionFilter } from './filters.ts';
import { compileProjection } from './projection.ts';
import type { Projection } from './projection.ts';
import type { ResolverEffects } from './resolver.ts';
import { selectionOf } from './selection.ts';

/** What a subscription watches. Subscriptions with the same `key` receive the same bytes. */
export interface SubscriptionPlan {
  key: string;
  fieldName: string;
  /** Basic filter: arguments by name; an unset variable counts as null. Ignored when `filter` is set. */
  args: Record<string, unknown>;
  filter: SubscriptionFilter | undefined;
  invalidationFilter: SubscriptionFilter | undefined;
  project: Projection;
}

/**
 * Starts a subscription: authorises the field, runs its resolver (whose return value is not delivered: AppSync wants null) and takes
 * over the filters it set.
 * @throws FieldError or RequestRefused for the `error` message of the start.
 */
export async function startSubscription(
  api: CompiledApi,
  operation: PreparedOperation,
  origin: RequestOrigin,
): Promise<SubscriptionPlan> {
  const field = rootFieldsOf(operation)[0];
  if (field === undefined)
    throw new RequestRefused(400, 'BadRequestException', 'The subscription selects nothing.');
  const rootName = api.api.schema.getSubscriptionType()?.name ?? 'Subscription';
  const fieldName = field.name.value;
  checkAccess(api.api, origin.caller, rootName, fieldName, api.stack.api.arn);
  const effects = await runResolver(api, operation, origin, field, rootName);
  const filter =
    effects.subscriptionFilter === undefined ? undefined : readSubscriptionFilter(effects.subscriptionFilter);
  const invalidationFilter =
    effects.invalidationFilter === undefined ? undefined : readSubscriptionFilter(effects.invalidationFilter);
  const { caller } = origin;
  return {
    key: JSON.stringify([
      api.schemaDigest,
      operation.prepared.text,
      operation.operation.name?.value,
      operation.rawVariables,
      caller.mode,
      groupsOf(caller),
      filter,
      invalidationFilter,
    ]),
    fieldName,
    args: filterArguments(api, operation, field),
    filter,
    invalidationFilter,
    project: compileProjection({
      schema: api.api.schema,
      field,
      fragments: fragmentsOf(operation.prepared),
      variables: operation.variables,
      mayRead: (typeName, name) => mayAccess(api.api, caller, typeName, name),
    }),
  };
}

async function runResolver(
  api: CompiledApi,
  operation: PreparedOperation,
  origin: RequestOrigin,
  field: FieldNode,
  parentTypeName: string,
): Promise<ResolverEffects> {
  const effects: ResolverEffects = { responseHeaders: {}, invalidations: [], appended: [] };
  const fieldName = field.name.value;
  const resolver = api.resolverOf(parentTypeName, fieldName);
  if (resolver === undefined) return effects;
  const info = {
    fieldName,
    parentTypeName,
    variables: operation.rawVariables,
    ...selectionOf({ fieldNodes: [field], fragments: fragmentsOf(operation.prepared) }),
  };
  await resolver(contextOf(api, origin, null, argumentsOf(api, operation, field), info), effects);
  const [appended] = effects.appended;
  if (appended !== undefined) {
    throw new FieldError(appended.message, appended.type, appended.data, appended.errorInfo);
  }
  return effects;
}

function filterArguments(
  api: CompiledApi,
  operation: PreparedOperation,
  field: FieldNode,
): Record<string, unknown> {
  const args = { ...argumentsOf(api, operation, field) };
  for (const argument of field.arguments ?? []) {
    const { name, value } = argument;
    if (value.kind === Kind.VARIABLE && args[name.value] === undefined) args[name.value] = null;
  }
  return args;
}
