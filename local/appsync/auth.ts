import type { IncomingHttpHeaders } from 'node:http';
import { AccessDeniedError, authorize, verifySigV4 } from '../iam/index.ts';
import type { Principal, Principals } from '../iam/index.ts';
import type { AuthMode } from '../template/index.ts';
import { FieldError, unauthorized } from './errors.ts';
import type { Claims, VerifyToken } from './ports.ts';
import type { ApiSchema } from './schema.ts';

/** Who calls, in the mode that was recognised. */
export type Caller = { sourceIp: string[] } & (
  | { mode: 'API_KEY' }
  | { mode: 'AWS_IAM'; principal: Principal }
  | { mode: 'AMAZON_COGNITO_USER_POOLS'; claims: Claims }
);

/** What identifies a request. For WebSocket messages: the request that its authorization header object was made for. */
export interface RequestCredentials {
  method: string;
  /** Path and query as signed. */
  url: string;
  headers: IncomingHttpHeaders;
  body: string;
  sourceIp: string;
}

/** What recognising callers needs. `modes` are those the API allows; keys and roles are the template's. */
export interface AuthSettings {
  modes: ReadonlySet<AuthMode>;
  apiKeys: ReadonlySet<string>;
  region: string;
  principals: Principals;
  verifyToken: VerifyToken;
  now: () => number;
}

function headerOf(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/**
 * Recognises the caller: `x-api-key`, then a SigV4 or a token in `Authorization` (a `Bearer ` prefix is optional).
 * @throws RequestRefused with AppSync's 401 sentences. A mode the API does not allow counts as no credential.
 */
export async function identify(request: RequestCredentials, settings: AuthSettings): Promise<Caller> {
  const sourceIp = [request.sourceIp];
  const apiKey = headerOf(request.headers, 'x-api-key');
  if (apiKey !== undefined) {
    if (!settings.modes.has('API_KEY') || !settings.apiKeys.has(apiKey)) throw unauthorized();
    return { mode: 'API_KEY', sourceIp };
  }
  const authorization = headerOf(request.headers, 'authorization')?.trim();
  if (authorization === undefined || authorization === '') {
    throw unauthorized('Valid authorization header not provided.');
  }
  if (authorization.startsWith('AWS4-HMAC-SHA256')) {
    if (!settings.modes.has('AWS_IAM')) throw unauthorized();
    const expected = { service: 'appsync', region: settings.region, now: settings.now };
    const verdict = await verifySigV4(request, settings.principals, expected);
    if (!verdict.ok) throw unauthorized(verdict.message);
    return { mode: 'AWS_IAM', principal: verdict.principal, sourceIp };
  }
  if (!settings.modes.has('AMAZON_COGNITO_USER_POOLS')) throw unauthorized();
  const verdict = await settings.verifyToken(authorization.replace(/^Bearer\s+/i, ''));
  if (verdict.ok) return { mode: 'AMAZON_COGNITO_USER_POOLS', claims: verdict.claims, sourceIp };
  if (verdict.reason === 'malformed') throw unauthorized('Unable to parse JWT token.');
  if (verdict.reason === 'expired') throw unauthorized('Token has expired.');
  throw unauthorized();
}

/** True when the caller's mode (and, for Cognito, one of the groups) is granted on the field. Introspection is open to all. */
export function mayAccess(api: ApiSchema, caller: Caller, typeName: string, fieldName: string): boolean {
  const grants = api.grantsOf(typeName, fieldName);
  if (grants === undefined) return true;
  return grants.some((grant) => {
    if (grant.mode !== caller.mode) return false;
    if (grant.groups === undefined) return true;
    const groups = groupsOf(caller);
    return groups !== null && grant.groups.some((group) => groups.includes(group));
  });
}

/**
 * Refuses a field to a caller: `Not Authorized to access f on type T`, errorType `Unauthorized`. For IAM callers the fields of
 * Query, Mutation and Subscription also need `appsync:GraphQL` on the field's ARN; that refusal goes on with IAM's
 * sentence, which names action and resource.
 */
export function checkAccess(
  api: ApiSchema,
  caller: Caller,
  typeName: string,
  fieldName: string,
  apiArn: string,
): void {
  const refusal = `Not Authorized to access ${fieldName} on type ${typeName}`;
  if (!mayAccess(api, caller, typeName, fieldName)) throw new FieldError(refusal, 'Unauthorized');
  if (caller.mode !== 'AWS_IAM' || !api.rootTypeNames.has(typeName)) return;
  try {
    authorize(caller.principal, 'appsync:GraphQL', `${apiArn}/types/${typeName}/fields/${fieldName}`);
  } catch (cause) {
    if (!(cause instanceof AccessDeniedError)) throw cause;
    throw new FieldError(`${refusal}: ${cause.message}`, 'Unauthorized');
  }
}

/** Groups of a Cognito caller, null without any. */
export function groupsOf(caller: Caller): string[] | null {
  const groups = caller.mode === 'AMAZON_COGNITO_USER_POOLS' ? caller.claims['cognito:groups'] : undefined;
  return Array.isArray(groups) ? groups.map(String) : null;
}

/** `ctx.identity` of the caller's mode; null for an API key. */
export function identityOf(caller: Caller): Record<string, unknown> | null {
  if (caller.mode === 'API_KEY') return null;
  if (caller.mode === 'AWS_IAM') {
    const { principal } = caller;
    return {
      accountId: principal.accountId,
      cognitoIdentityPoolId: null,
      cognitoIdentityId: null,
      sourceIp: caller.sourceIp,
      username: `${principal.accessKeyId}:${principal.sessionName}`,
      userArn: principal.arn,
      cognitoIdentityAuthType: null,
      cognitoIdentityAuthProvider: null,
    };
  }
  const { claims } = caller;
  return {
    sub: claims['sub'],
    issuer: claims['iss'],
    username: claims['username'] ?? claims['cognito:username'],
    claims,
    sourceIp: caller.sourceIp,
    groups: groupsOf(caller),
    defaultAuthStrategy: 'ALLOW',
  };
}
