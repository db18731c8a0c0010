import { isDeepStrictEqual } from 'node:util';
import { get, put, range, update, type Operation, type Rule } from '../../functions/rules/operations.ts';
import { RESOLVERS } from '../../infra/resolvers.ts';
import type { Key } from '../../protocol/keys.ts';
import type { GenerationEvent } from '../../protocol/items.ts';
import type { Expression } from '../../protocol/writes.ts';
import { EarlyReturn } from './appsync-utils.ts';

interface ResolverContext {
  args: object;
  stash: Record<string, unknown>;
  identity: { sub: string };
  env: { MODELS: string };
  result?: unknown;
  error?: { type: string; message: string };
}

interface ResolverModule {
  request(ctx: ResolverContext): unknown;
  response(ctx: ResolverContext): unknown;
}

interface AppSyncExpression {
  expression: string;
  expressionNames: Record<string, string>;
  expressionValues?: Record<string, unknown>;
}

/** A data source request with plain values. */
type SourceRequest =
  | { operation: 'GetItem'; key: Key }
  | { operation: 'PutItem'; attributeValues: Key; condition: AppSyncExpression }
  | { operation: 'UpdateItem'; key: Key; update: AppSyncExpression; condition: AppSyncExpression }
  | { operation: 'Query'; query: AppSyncExpression; limit: number; scanIndexForward: boolean }
  | { operation: 'Invoke'; payload: GenerationEvent };

/** The root fields the model uses. */
export type Field = Exclude<
  keyof typeof RESOLVERS.fields,
  'Mutation.publishTokens' | 'Subscription.onTokens'
>;

const FIELDS = [
  'Query.messageState',
  'Mutation.sendMessage',
  'Mutation.regenerateMessage',
  'Mutation.cancelMessage',
  'Mutation.continueMessage',
  'Mutation.deleteConversation',
] as const satisfies readonly Field[];

/** A field with a pipeline the model runs. */
export type PipelineField = (typeof FIELDS)[number];

const names = [...new Set<string>([...FIELDS, ...FIELDS.flatMap((field) => RESOLVERS.fields[field].steps)])];
const modules = new Map<string, ResolverModule>(
  await Promise.all(
    names.map(
      async (name) => [name, (await import(`../../resolvers/${name}.ts`)) as ResolverModule] as const,
    ),
  ),
);

const CONDITION_FAILED = { type: 'DynamoDB:ConditionalCheckFailedException', message: 'refused' };
/** What a data source reports when nobody knows whether the write happened. */
const UNAVAILABLE = { type: 'DynamoDB:ServiceUnavailable', message: 'timed out' };

/** The outcome of an operation is not known. */
export class UnknownOutcome {}

function moduleOf(name: string): ResolverModule {
  const found = modules.get(name);
  if (!found) throw new Error(`The model has no resolver ${name}`);
  return found;
}

/**
 * Runs a deployed pipeline: its own sources in the manifest's order, with AppSync's rules for refused writes (a put of an
 * equal item counts as success; the stored item is read in a second request) and early returns. Throws ResolverError.
 */
export function* resolve(field: PipelineField, args: object, sub: string): Rule<unknown> {
  const base = { args, stash: {}, identity: { sub }, env: { MODELS: '' } };
  const outer = moduleOf(field);
  outer.request(base);
  for (const name of RESOLVERS.fields[field].steps) {
    const step = moduleOf(name);
    const ctx: ResolverContext = { ...base };
    let request: SourceRequest;
    try {
      request = step.request(ctx) as SourceRequest;
    } catch (thrown) {
      if (thrown instanceof EarlyReturn) continue;
      throw thrown;
    }
    try {
      Object.assign(ctx, yield* fetchFrom(name, request));
    } catch (thrown) {
      if (!(thrown instanceof UnknownOutcome)) throw thrown;
      ctx.error = UNAVAILABLE;
    }
    step.response(ctx);
  }
  return outer.response(base);
}

type SourceAnswer = Pick<ResolverContext, 'result' | 'error'>;

function* fetchFrom(step: string, request: SourceRequest): Rule<SourceAnswer> {
  switch (request.operation) {
    case 'GetItem':
      return { result: yield* get(step, request.key, true) };
    case 'PutItem': {
      const item = request.attributeValues;
      if ((yield* put(step, item, plain(request.condition))) === 'stored') return { result: item };
      const stored = yield* get(`${step}.stored`, item, true);
      if (isDeepStrictEqual(stored, item)) return { result: stored };
      return { result: stored ?? null, error: CONDITION_FAILED };
    }
    case 'UpdateItem': {
      const write = {
        key: request.key,
        update: plain(request.update),
        condition: plain(request.condition),
      };
      const result = yield* update(step, write, true);
      if (result !== 'refused') return { result };
      const stored = yield* get(`${step}.stored`, request.key, true);
      return { result: stored ?? null, error: CONDITION_FAILED };
    }
    case 'Query': {
      const values = request.query.expressionValues as Record<':pk' | ':from' | ':to', string>;
      const read = {
        pk: values[':pk'],
        from: values[':from'],
        to: values[':to'],
        backwards: !request.scanIndexForward,
        limit: request.limit,
      };
      const items = yield* range(step, read);
      return { result: { items, nextToken: items.length === request.limit ? 'more' : null } };
    }
    case 'Invoke': {
      const operation: Operation = { step, kind: 'invoke', event: request.payload };
      yield operation;
      return { result: null };
    }
  }
}

function plain(expression: AppSyncExpression): Expression {
  return {
    expression: expression.expression,
    names: expression.expressionNames,
    values: expression.expressionValues ?? {},
  };
}
