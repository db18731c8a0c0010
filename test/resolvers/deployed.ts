import { fileURLToPath } from 'node:url';
import { bundleResolvers } from '../../infra/bundle.ts';
import { RESOLVERS, deployedFiles } from '../../infra/resolvers.ts';
import {
  loadAppSyncCode,
  type AppSyncCode,
  type AppSyncContext,
  type AuthType,
  type HandlerOutcome,
} from '../../local/appsync/js/index.ts';
import { ERRORS, type ErrorCode } from '../../protocol/error-codes.ts';

/** The moment at which the code under test runs. */
export const NOW_MS = Date.parse('2026-01-02T03:04:05.678Z');
export const NOW_ISO = '2026-01-02T03:04:05.678Z';
/** The sub of the signed-in caller and the owner made of it. */
export const SUB = '3f1c0c7e-alice';
export const OWNER = `u:${SUB}`;

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Every deployed file by name. */
export const DEPLOYED = deployedFiles(RESOLVERS);

let bundles: Record<string, string> | undefined;

/** The text of a file as it is deployed. */
export function bundleOf(name: string): string {
  bundles ??= bundleResolvers(ROOT, DEPLOYED);
  const code = bundles[name];
  if (code === undefined) throw new Error(`resolvers/${name}.ts is not deployed`);
  return code;
}

/** One loaded file and everything it logged. */
export interface Loaded extends AppSyncCode {
  readonly logged: string[];
}

/** Loads a file as it is deployed, at a fixed time. */
export function load(name: string): Loaded {
  const logged: string[] = [];
  const code = loadAppSyncCode(bundleOf(name), name, {
    now: () => NOW_MS,
    log: (level, values) => logged.push(`${level} ${values.map(String).join(' ')}`),
  });
  return Object.assign(code, { logged });
}

/** A context of a signed-in caller; overrides replace whole members. */
export function contextOf(overrides: Partial<AppSyncContext> = {}): AppSyncContext {
  return {
    args: {},
    identity: { sub: SUB, username: 'alice', claims: {} },
    source: null,
    stash: {},
    env: { MODELS: 'model-a, model-b' },
    request: { headers: {}, domainName: null },
    info: {
      fieldName: 'field',
      parentTypeName: 'Query',
      variables: {},
      selectionSetList: [],
      selectionSetGraphQL: '',
    },
    authType: 'AMAZON_COGNITO_USER_POOLS',
    ...overrides,
  };
}

/** How each mode presents its caller. */
export const CALLERS: Record<AuthType, Pick<AppSyncContext, 'authType' | 'identity'>> = {
  AMAZON_COGNITO_USER_POOLS: { authType: 'AMAZON_COGNITO_USER_POOLS', identity: { sub: SUB } },
  API_KEY: { authType: 'API_KEY', identity: null },
  AWS_IAM: {
    authType: 'AWS_IAM',
    identity: { accountId: '000000000000', userArn: 'arn:aws:sts::000000000000:assumed-role/x/y', sub: SUB },
  },
  OPENID_CONNECT: { authType: 'OPENID_CONNECT', identity: { sub: SUB, issuer: 'https://issuer.example' } },
  AWS_LAMBDA: { authType: 'AWS_LAMBDA', identity: { resolverContext: { sub: SUB } } },
};

/** The error a handler raises for a code of the closed list; INTERNAL carries a request id besides. */
export function raised(code: Exclude<ErrorCode, 'INTERNAL'>) {
  const { message, retryable, stage } = ERRORS[code];
  const errorInfo = { retryable, retryAfterMs: null, stage, requestId: null };
  return { message, type: code, data: null, errorInfo };
}

/** A DynamoDB condition that did not hold, as the data source reports it. */
export const CONDITION_FAILED = {
  type: 'DynamoDB:ConditionalCheckFailedException',
  message: 'The conditional request failed (Service: DynamoDb, Status Code: 400)',
};

/** The result of a handler that must succeed. */
export function resultOf(outcome: HandlerOutcome): unknown {
  if (outcome.error) throw new Error(`${outcome.error.type ?? 'run-time failure'}: ${outcome.error.message}`);
  return outcome.result;
}

/** Plain values of a marshalled map, for readable expectations. */
export function plain(values: unknown): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(values as Record<string, Record<string, unknown>>).map(([name, typed]) => [
      name,
      plainValue(typed),
    ]),
  );
}

function plainValue(typed: Record<string, unknown>): unknown {
  if ('NULL' in typed) return null;
  if ('M' in typed) return plain(typed['M']);
  if ('L' in typed) return (typed['L'] as Record<string, unknown>[]).map(plainValue);
  return Object.values(typed)[0];
}
