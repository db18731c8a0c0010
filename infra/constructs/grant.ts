import { Policy, PolicyStatement, type IRole, type Role } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';

/**
 * Grants `actions` on `resources` to a role by a policy resource of its own. Nothing waits for such a policy unless told to, so that a
 * function may be granted to invoke itself: in the role's default policy CloudFormation would see a circle.
 */
export function grant(
  scope: Construct,
  id: string,
  role: Role,
  actions: readonly string[],
  resources: readonly string[],
): Policy {
  return new Policy(scope, id, {
    roles: [role],
    statements: [new PolicyStatement({ actions: [...actions], resources: [...resources] })],
  });
}

/** The same role for constructs that would widen it with grants of their own choice; what they add is dropped. */
export function closed(role: Role): IRole {
  return role.withoutPolicyUpdates();
}
