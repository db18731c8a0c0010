import { loadAppSyncCode } from '../../../../local/appsync/js/index.ts';
import type { AppSyncContext, HandlerOutcome, RuntimePorts } from '../../../../local/appsync/js/index.ts';

/** A context with every member a handler may read; overrides replace whole members. */
export function contextWith(overrides: Partial<AppSyncContext> = {}): AppSyncContext {
  return {
    args: {},
    identity: null,
    source: null,
    stash: {},
    env: { TABLE: 'chat' },
    request: { headers: { accept: 'application/json' }, domainName: null },
    info: {
      fieldName: 'conversation',
      parentTypeName: 'Query',
      variables: {},
      selectionSetList: ['id', 'owner/name'],
      selectionSetGraphQL: '{ id owner { name } }',
    },
    ...overrides,
  };
}

const IMPORTS =
  'import { util, extensions, runtime } from "@aws-appsync/utils"; import * as ddb from "@aws-appsync/utils/dynamodb";';

/** Runs statements as the body of a request handler. */
export function runBody(
  body: string,
  context: Partial<AppSyncContext> = {},
  ports: Partial<RuntimePorts> = {},
): HandlerOutcome {
  const code = `${IMPORTS} export function request(ctx) { ${body} } export function response(ctx) { return null; }`;
  return loadAppSyncCode(code, 'test', ports).request(contextWith(context));
}

/** Runs statements as the body of a response handler. */
export function runResponseBody(body: string, context: Partial<AppSyncContext> = {}): HandlerOutcome {
  const code = `${IMPORTS} export function request(ctx) { return {}; } export function response(ctx) { ${body} }`;
  return loadAppSyncCode(code, 'test').response(contextWith(context));
}

/** The value of one expression; fails the test when the handler failed. */
export function evaluate(
  expression: string,
  context: Partial<AppSyncContext> = {},
  ports: Partial<RuntimePorts> = {},
): unknown {
  const outcome = runBody(`return ${expression};`, context, ports);
  if (outcome.error) throw new Error(outcome.error.message);
  return outcome.result;
}
