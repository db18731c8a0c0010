import { describe, expect, it } from 'vitest';

import { readable, resourcesOf, useSynthesized, type Template } from './synthesized.ts';

interface Statement {
  Effect: string;
  Action: string | string[];
  Resource: unknown;
  Condition?: unknown;
}

const asList = <Value>(value: Value | Value[]): Value[] => (Array.isArray(value) ? value : [value]);

function statementsOf(properties: Record<string, unknown>): Statement[] {
  return (properties['PolicyDocument'] as { Statement: Statement[] }).Statement;
}

/** role -> policy -> `action, action on resource, resource`. */
function grantsOf(template: Template): Record<string, Record<string, string>> {
  const grants: Record<string, Record<string, string>> = {};
  for (const [policy, { Properties }] of Object.entries(resourcesOf(template, 'AWS::IAM::Policy'))) {
    const [role, ...others] = Properties['Roles'] as { Ref: string }[];
    expect(others, `${policy} belongs to one role`).toEqual([]);
    const text = statementsOf(Properties).map((statement) => {
      expect(statement.Effect, policy).toBe('Allow');
      expect(statement.Condition, policy).toBeUndefined();
      const resources = asList(statement.Resource).map(readable);
      return `${asList(statement.Action).join(', ')} on ${resources.join(', ')}`;
    });
    (grants[readable(role)] ??= {})[policy] = text.join('; ');
  }
  return grants;
}

const PUBLISH =
  'appsync:GraphQL on arn:${AWS::Partition}:appsync:${AWS::Region}:${AWS::AccountId}:apis/${ChatApi.ApiId}/types/Mutation/fields/publishTokens';
const log = (owner: string) => `logs:CreateLogStream, logs:PutLogEvents on \${${owner}Logs.Arn}`;
const WORKER = 'dynamodb:DeleteItem, dynamodb:GetItem, dynamodb:PutItem, dynamodb:Query, dynamodb:UpdateItem';
const READ_WRITE = 'dynamodb:GetItem, dynamodb:PutItem, dynamodb:Query, dynamodb:UpdateItem';
const TABLE = '${DataTable.Arn}';
const TABLE_AND_LISTING = '${DataTable.Arn}, ${DataTable.Arn}/index/listing';
const invoke = (name: string) => `lambda:InvokeFunction on \${Functions${name}Function.Arn}`;

const GRANTS: Record<string, Record<string, string>> = {
  '${ChatLogRole}': {
    ChatMayLog: 'logs:CreateLogGroup, logs:CreateLogStream, logs:PutLogEvents on ${ChatLogs.Arn}',
  },
  '${FunctionsGenerateRole}': {
    FunctionsGenerateMayLog: log('FunctionsGenerate'),
    FunctionsGenerateMayUseTable: `${WORKER} on ${TABLE}`,
    FunctionsGenerateMayPublish: PUBLISH,
    FunctionsGenerateMayInvokeItself: invoke('Generate'),
    FunctionsGenerateMayInvokeSettle: invoke('Settle'),
  },
  '${FunctionsHttpRole}': {
    FunctionsHttpMayLog: log('FunctionsHttp'),
    FunctionsHttpMayUseTable: `${WORKER} on ${TABLE_AND_LISTING}`,
    FunctionsHttpMayPublish: PUBLISH,
    FunctionsHttpMayInvokeGenerate: invoke('Generate'),
    FunctionsHttpMayInvokeSettle: invoke('Settle'),
  },
  '${FunctionsSettleRole}': {
    FunctionsSettleMayLog: log('FunctionsSettle'),
    FunctionsSettleMayUseTable: `${READ_WRITE} on ${TABLE}`,
    FunctionsSettleMayPublish: PUBLISH,
  },
  '${FunctionsPurgeRole}': {
    FunctionsPurgeMayLog: log('FunctionsPurge'),
    FunctionsPurgeMayUseTable: `dynamodb:BatchWriteItem, dynamodb:GetItem, dynamodb:Query on ${TABLE}`,
    FunctionsPurgeMayInvokeItself: invoke('Purge'),
  },
  '${SourcesTableRole}': { SourcesMayUseTable: `${READ_WRITE} on ${TABLE_AND_LISTING}` },
  '${SourcesGenerateRole}': { SourcesMayInvokeGenerate: invoke('Generate') },
  '${SourcesSettleRole}': { SourcesMayInvokeSettle: invoke('Settle') },
  '${SourcesPurgeRole}': { SourcesMayInvokePurge: invoke('Purge') },
};

const plain = useSynthesized();
const playground = useSynthesized({ playground: true });
const bedrock = useSynthesized({ modelProvider: 'bedrock', models: 'openai.gpt-oss-20b' });

describe('the roles of a default deployment', () => {
  it('may do exactly what is listed here, each by a policy of its own', () => {
    expect(grantsOf(plain().template)).toEqual(GRANTS);
  });

  it('lets only generate, http and settle publish, on publishTokens alone', () => {
    const publishers = Object.entries(grantsOf(plain().template)).filter(([, policies]) =>
      Object.values(policies).some((text) => text.includes('appsync:')),
    );
    expect(publishers.map(([role]) => role)).toEqual([
      '${FunctionsGenerateRole}',
      '${FunctionsSettleRole}',
      '${FunctionsHttpRole}',
    ]);
    for (const [, policies] of publishers)
      expect(Object.values(policies).filter((text) => text.includes('appsync:'))).toEqual([PUBLISH]);
  });

  it('hold no right but those policies, and are assumed by one service each', () => {
    for (const [id, { Properties }] of Object.entries(resourcesOf(plain().template, 'AWS::IAM::Role'))) {
      expect(Object.keys(Properties), id).toEqual(['AssumeRolePolicyDocument']);
      const trust = Properties['AssumeRolePolicyDocument'] as { Statement: object[] };
      expect(trust.Statement, id).toEqual([
        {
          Action: 'sts:AssumeRole',
          Effect: 'Allow',
          Principal: {
            Service: id.startsWith('Functions') ? 'lambda.amazonaws.com' : 'appsync.amazonaws.com',
          },
        },
      ]);
    }
  });

  it('are one for each function and for each data source that needs one', () => {
    const roles = ['AWS::Lambda::Function', 'AWS::AppSync::DataSource'].flatMap((type) =>
      Object.values(resourcesOf(plain().template, type)).flatMap(
        ({ Properties }) => Properties['Role'] ?? Properties['ServiceRoleArn'] ?? [],
      ),
    );
    expect(roles).toHaveLength(8);
    expect(new Set(roles.map(readable)).size).toBe(8);
  });
});

describe('the roles of other deployments', () => {
  it('are the same in the playground', () => {
    expect(grantsOf(playground().template)).toEqual(GRANTS);
  });

  it('may also ask Bedrock for inference, and only generate and http may', () => {
    const added = Object.values(grantsOf(bedrock().template)).flatMap((policies) =>
      Object.entries(policies).filter(([policy]) => policy.includes('Inference')),
    );
    const inference =
      'bedrock-mantle:CreateInference on arn:${AWS::Partition}:bedrock-mantle:${AWS::Region}:${AWS::AccountId}:project/*';
    expect(added.sort()).toEqual([
      ['FunctionsGenerateMayCreateInference', inference],
      ['FunctionsHttpMayCreateInference', inference],
    ]);
    const others = Object.entries(grantsOf(bedrock().template)).map(([role, policies]) => [
      role,
      Object.fromEntries(Object.entries(policies).filter(([policy]) => !policy.includes('Inference'))),
    ]);
    expect(Object.fromEntries(others)).toEqual(GRANTS);
  });

  it('never name every action or every resource', () => {
    for (const { template } of [plain(), playground(), bedrock()])
      for (const [policy, { Properties }] of Object.entries(resourcesOf(template, 'AWS::IAM::Policy')))
        for (const { Action, Resource } of statementsOf(Properties)) {
          expect(asList(Action).join(), policy).not.toContain('*');
          expect(asList(Resource), policy).not.toContain('*');
        }
  });

  it('are not joined by custom resources, whose roles CDK writes', () => {
    for (const { template } of [plain(), playground(), bedrock()])
      expect(
        Object.values(template.Resources).filter(({ Type }) => /^Custom::|CustomResource/.test(Type)),
      ).toEqual([]);
  });
});
