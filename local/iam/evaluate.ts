import { conditionHolds } from './conditions.ts';
import type { RequestContext } from './conditions.ts';
import { listOf, matchesPattern } from './policy.ts';
import type { PolicyStatement } from './policy.ts';

/** What IAM's evaluation of identity-based policies ends in. Only `allowed` lets a request through. */
export type Decision = 'allowed' | 'implicitDeny' | 'explicitDeny';

function coversAction(statement: PolicyStatement, action: string): boolean {
  const wanted = action.toLowerCase();
  const matches = (pattern: string): boolean => matchesPattern(pattern.toLowerCase(), wanted);
  return statement.Action === undefined
    ? !listOf(statement.NotAction).some(matches)
    : listOf(statement.Action).some(matches);
}

function coversResource(statement: PolicyStatement, resource: string): boolean {
  const matches = (pattern: string): boolean => matchesPattern(pattern, resource);
  return statement.Resource === undefined
    ? !listOf(statement.NotResource).some(matches)
    : listOf(statement.Resource).some(matches);
}

/**
 * IAM's decision over identity-based statements: any matching Deny wins, else any matching Allow, else implicit denial.
 * Pure. Actions compare without case, resources with case. Conditions see only the keys in `context`: a key that the caller does not
 * supply counts as absent. Permission boundaries, resource policies and organization policies do not exist here.
 * Throws `UnsupportedPolicyError` for a condition operator it does not know.
 */
export function evaluate(
  statements: readonly PolicyStatement[],
  action: string,
  resource: string,
  context: RequestContext = {},
): Decision {
  let decision: Decision = 'implicitDeny';
  for (const statement of statements) {
    if (!coversAction(statement, action) || !coversResource(statement, resource)) continue;
    if (!conditionHolds(statement.Condition, context)) continue;
    if (statement.Effect === 'Deny') return 'explicitDeny';
    decision = 'allowed';
  }
  return decision;
}
