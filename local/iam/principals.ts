import { createHmac } from 'node:crypto';

import type { RequestContext } from './conditions.ts';
import { evaluate } from './evaluate.ts';
import type { Decision } from './evaluate.ts';
import type { PolicyStatement } from './policy.ts';

/** A role as the template declares it, with every statement that is attached to it. */
export interface Role {
  name: string;
  arn: string;
  statements: PolicyStatement[];
  /** Session part of the assumed-role ARN; AWS uses the function name for Lambda and `APPSYNC_ASSUME_ROLE` for data sources. Default: the role name. */
  sessionName?: string;
}

/** An assumed role with its temporary credentials. Plain JSON: it can be sent to another process. */
export interface Principal {
  roleArn: string;
  roleName: string;
  accountId: string;
  sessionName: string;
  /** `arn:aws:sts::<account>:assumed-role/<role>/<session>` */
  arn: string;
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken: string;
  statements: PolicyStatement[];
}

/** All principals of a stack. Look-ups are constant time. */
export interface Principals {
  byAccessKey(accessKeyId: string): Principal | undefined;
  byRole(roleArn: string): Principal | undefined;
  list(): Principal[];
  /** Takes over a new set of roles; a role that stays keeps its credentials, so that running functions go on. */
  replace(roles: Iterable<Role>): void;
}

/** A request that IAM does not allow; `message` is AWS's sentence and names principal, action and resource. */
export class AccessDeniedError extends Error {
  override readonly name = 'AccessDeniedError';
  readonly code = 'AccessDeniedException';
  readonly action: string;
  readonly resource: string;

  constructor(principal: Principal, action: string, resource: string, decision: Decision = 'implicitDeny') {
    super(denied(principal, action, resource, decision));
    this.action = action;
    this.resource = resource;
  }
}

/**
 * One access key, secret and session token per role, derived from `secret` and the role's ARN alone: the same secret gives the same
 * credentials, two secrets share none.
 */
export function createPrincipals(roles: Iterable<Role>, secret: string): Principals {
  let byKey = new Map<string, Principal>();
  let byArn = new Map<string, Principal>();
  const replace = (next: Iterable<Role>): void => {
    const principals = [...next].map((role) => assume(role, secret));
    byKey = new Map(principals.map((principal) => [principal.accessKeyId, principal]));
    byArn = new Map(principals.map((principal) => [principal.roleArn, principal]));
  };
  replace(roles);
  return {
    byAccessKey: (accessKeyId) => byKey.get(accessKeyId),
    byRole: (roleArn) => byArn.get(roleArn),
    list: () => [...byArn.values()],
    replace,
  };
}

function assume(role: Role, secret: string): Principal {
  const accountId = role.arn.split(':')[4] ?? '';
  const sessionName = role.sessionName ?? role.name;
  const derive = (purpose: string): Buffer =>
    createHmac('sha256', secret).update(`${purpose}\n${role.arn}`).digest();
  return {
    roleArn: role.arn,
    roleName: role.name,
    accountId,
    sessionName,
    arn: `arn:aws:sts::${accountId}:assumed-role/${role.name}/${sessionName}`,
    // The shape of real temporary keys: a prefix of their own, then 16 upper-case letters and digits.
    accessKeyId: `ASIA${derive('access-key').toString('hex').slice(0, 16).toUpperCase()}`,
    secretAccessKey: derive('secret-key').toString('base64'),
    sessionToken: derive('session-token').toString('base64'),
    statements: role.statements,
  };
}

/** AWS's sentence for a refused request, word for word, for a missing grant and for an explicit denial. */
export function denied(
  principal: Pick<Principal, 'arn'>,
  action: string,
  resource: string,
  decision: Decision = 'implicitDeny',
): string {
  const because =
    decision === 'explicitDeny'
      ? 'with an explicit deny in an identity-based policy'
      : `because no identity-based policy allows the ${action} action`;
  return `User: ${principal.arn} is not authorized to perform: ${action} on resource: ${resource} ${because}`;
}

/** Returns when the principal's policies allow the action on the resource; throws `AccessDeniedError` otherwise. */
export function authorize(
  principal: Principal,
  action: string,
  resource: string,
  context?: RequestContext,
): void {
  const decision = evaluate(principal.statements, action, resource, context);
  if (decision !== 'allowed') throw new AccessDeniedError(principal, action, resource, decision);
}
