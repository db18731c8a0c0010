import * as v from 'valibot';

import { checkStatement, listOf } from '../iam/policy.ts';
import type { PolicyStatement } from '../iam/policy.ts';
import type { Resource, Resources } from './resources.ts';
import { TemplateError } from './template-error.ts';

/** An IAM role with the statements of every policy attached to it: inline, `AWS::IAM::Policy`, customer-managed and AWS-managed. */
export interface RoleModel {
  name: string;
  arn: string;
  statements: PolicyStatement[];
  /** Session part of the assumed-role ARN: the function's name, `APPSYNC_ASSUME_ROLE` for a data source, else the role's name. */
  sessionName: string;
}

const document = v.object({ Statement: v.union([v.array(v.looseObject({})), v.looseObject({})]) });
const inlinePolicy = v.object({ PolicyName: v.string(), PolicyDocument: document });
const names = v.optional(v.array(v.string()), []);

const logs = (...actions: string[]): PolicyStatement[] => [
  { Effect: 'Allow', Action: actions.map((action) => `logs:${action}`), Resource: '*' },
];

/** AWS-managed policies by the path after `arn:aws:iam::aws:policy/`, with the statements AWS publishes for them. */
const awsManaged: Readonly<Record<string, PolicyStatement[]>> = {
  'service-role/AWSLambdaBasicExecutionRole': logs('CreateLogGroup', 'CreateLogStream', 'PutLogEvents'),
  'service-role/AWSAppSyncPushToCloudWatchLogs': logs('CreateLogGroup', 'CreateLogStream', 'PutLogEvents'),
  AWSXRayDaemonWriteAccess: [
    {
      Effect: 'Allow',
      Action: [
        'xray:PutTraceSegments',
        'xray:PutTelemetryRecords',
        'xray:GetSamplingRules',
        'xray:GetSamplingTargets',
        'xray:GetSamplingStatisticSummaries',
      ],
      Resource: '*',
    },
  ],
};

function statementsOf(policy: v.InferOutput<typeof document>, where: string): PolicyStatement[] {
  return listOf(policy.Statement).map((raw) => {
    const statement = raw as PolicyStatement;
    checkStatement(statement, where);
    return statement;
  });
}

function managedStatements(resources: Resources): Map<string, PolicyStatement[]> {
  return new Map(
    resources.all('AWS::IAM::ManagedPolicy').map((policy) => {
      const { PolicyDocument } = readManaged(policy);
      return [policy.ref(), statementsOf(PolicyDocument, policy.logicalId)];
    }),
  );
}

function readManaged(policy: Resource) {
  return policy.read({ PolicyDocument: document, Roles: names }, [
    'ManagedPolicyName',
    'Description',
    'Path',
  ]);
}

/**
 * All roles by ARN. Throws `TemplateError` for an AWS-managed policy whose statements are not known here and for a policy attached to a
 * role, user or group outside the template. `sessionNames` gives the session by role ARN.
 */
export function readRoles(
  resources: Resources,
  sessionNames: ReadonlyMap<string, string>,
): Record<string, RoleModel> {
  const managed = managedStatements(resources);
  const roles = new Map<string, RoleModel>();
  for (const resource of resources.all('AWS::IAM::Role')) {
    const properties = resource.read(
      { ManagedPolicyArns: names, Policies: v.optional(v.array(inlinePolicy), []) },
      ['AssumeRolePolicyDocument', 'Description', 'RoleName', 'Path', 'Tags', 'MaxSessionDuration'],
    );
    const attached = properties.ManagedPolicyArns.flatMap((arn) => {
      const statements = managed.get(arn) ?? awsManaged[arn.replace(/^arn:aws:iam::aws:policy\//, '')];
      if (statements === undefined)
        throw new TemplateError(
          `${resource.logicalId} (${resource.type}): managed policy ${arn} is not known to the local stack`,
        );
      return statements;
    });
    const inline = properties.Policies.flatMap((policy) =>
      statementsOf(policy.PolicyDocument, resource.logicalId),
    );
    const arn = resource.attribute('Arn');
    const name = resource.ref();
    roles.set(name, {
      name,
      arn,
      statements: [...attached, ...inline],
      sessionName: sessionNames.get(arn) ?? name,
    });
  }
  const attach = (policy: Resource, roleNames: string[], statements: PolicyStatement[]): void => {
    for (const name of roleNames) {
      const role = roles.get(name);
      if (role === undefined)
        throw new TemplateError(`${policy.logicalId} (${policy.type}): role ${name} is not in the template`);
      role.statements.push(...statements);
    }
  };
  for (const policy of resources.all('AWS::IAM::Policy')) {
    const { PolicyDocument, Roles } = policy.read({ PolicyDocument: document, Roles: names }, ['PolicyName']);
    attach(policy, Roles, statementsOf(PolicyDocument, policy.logicalId));
  }
  for (const policy of resources.all('AWS::IAM::ManagedPolicy'))
    attach(policy, readManaged(policy).Roles, managed.get(policy.ref()) ?? []);
  return Object.fromEntries([...roles.values()].map((role) => [role.arn, role]));
}
