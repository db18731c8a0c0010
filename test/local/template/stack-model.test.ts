import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { evaluate } from '../../../local/iam/index.ts';
import { buildStackModel, readCloudAssembly, TemplateError } from '../../../local/template/index.ts';
import type { CloudAssembly, LocalValues, Template } from '../../../local/template/index.ts';
import { synthesizeSampleApp } from './sample-app.ts';

const values: LocalValues = {
  region: 'us-east-1',
  accountId: '111122223333',
  graphqlUrl: 'http://127.0.0.1:4000/graphql',
  realtimeUrl: 'ws://127.0.0.1:4000/graphql/realtime',
  functionUrl: (name) => `http://127.0.0.1:4001/${name}`,
  providerUrl: (id) => `http://127.0.0.1:4000/${id}`,
  apiKey: 'da2-local',
  dynamicReference: (service, reference) => `${service}=${reference}`,
};

describe('a synthesized app', () => {
  const assembly = readCloudAssembly(synthesizeSampleApp());
  const model = buildStackModel(assembly, values);
  const lambda = (prefix: string) =>
    model.lambdas.find((candidate) => candidate.logicalId.startsWith(prefix))!;
  const decide = (prefix: string, action: string, resource: string): string =>
    evaluate(model.roles[lambda(prefix).roleArn]!.statements, action, resource);

  it('has its API with schema, modes in order, keys, pools and limits', () => {
    expect(model.api).toMatchObject({
      authModes: ['AMAZON_COGNITO_USER_POOLS', 'AWS_IAM', 'API_KEY'],
      apiKeys: ['da2-local'],
      environment: { TABLE: 'x' },
      userPools: [{ userPoolId: model.userPools[0]!.id, appIdClientRegex: model.userPools[0]!.clientIds[0] }],
      queryDepthLimit: 5,
      resolverCountLimit: 50,
      introspection: false,
    });
    expect(model.api.id).toMatch(/^[a-z0-9]{26}$/);
    expect(model.api.arn).toBe(`arn:aws:appsync:us-east-1:111122223333:apis/${model.api.id}`);
    expect(model.api.schema).toContain('type Mutation { publish');
  });

  it('has data sources bound to roles, functions and tables', () => {
    expect(model.dataSources).toMatchObject({
      None: { type: 'NONE' },
      GenerateSource: { type: 'AWS_LAMBDA', lambdaArn: lambda('Generate').arn },
      TableSource: { type: 'AMAZON_DYNAMODB', tableName: model.tables[0]!.name },
    });
    expect(model.roles[model.dataSources['TableSource']!.roleArn!]?.sessionName).toBe('APPSYNC_ASSUME_ROLE');
  });

  it('has unit and pipeline resolvers with code from assets and functions with inline code', () => {
    const hello = model.resolvers.find((resolver) => resolver.fieldName === 'hello')!;
    expect(hello).toMatchObject({ typeName: 'Query', kind: 'PIPELINE' });
    expect(hello.functions.map((id) => model.functions[id]!.name)).toEqual(['step0', 'step1']);
    expect(hello.functions.map((id) => model.functions[id]!.dataSource)).toEqual([
      'TableSource',
      'GenerateSource',
    ]);
    const publish = model.resolvers.find((resolver) => resolver.fieldName === 'publish')!;
    expect(publish).toMatchObject({ typeName: 'Mutation', kind: 'UNIT', dataSource: 'None', functions: [] });
    for (const code of [hello.code, publish.code, ...Object.values(model.functions).map((step) => step.code)])
      expect(code).toContain('export function request(ctx)');
  });

  it('has functions with bundle, environment and asynchronous settings', () => {
    const generate = lambda('Generate');
    expect(generate).toMatchObject({
      handler: 'index.handler',
      runtime: 'nodejs24.x',
      timeoutMs: 30_000,
      memoryMb: 256,
      asyncConfig: { retryAttempts: 0, maxEventAgeMs: 60_000, onFailureArn: lambda('Settle').arn },
    });
    expect(generate.environment).toEqual({
      TABLE: model.tables[0]!.name,
      GRAPHQL_URL: 'http://127.0.0.1:4000/graphql',
      MODEL: 'gpt-sample',
      ISSUER: model.userPools[0]!.providerUrl,
      CLIENT_ID: model.userPools[0]!.clientIds[0],
      SECRET: 'secretsmanager=openai:SecretString:::',
    });
    expect(existsSync(join(generate.assetPath, 'index.mjs'))).toBe(true);
    expect(lambda('Settle').asyncConfig).toEqual({ retryAttempts: 2, maxEventAgeMs: 21_600_000 });
    expect(lambda('Http').url).toEqual({
      invokeMode: 'RESPONSE_STREAM',
      authType: 'NONE',
      url: `http://127.0.0.1:4001/${lambda('Http').name}/`,
    });
    expect(generate.url).toBeUndefined();
    expect(model.outputs).toEqual({
      HttpUrl: lambda('Http').url!.url,
      GraphqlUrl: 'http://127.0.0.1:4000/graphql',
    });
  });

  it('has roles whose statements grant what the constructs granted, and no more', () => {
    const table = model.tables[0]!.arn;
    const field = `${model.api.arn}/types/Mutation/fields`;
    expect(decide('Generate', 'dynamodb:PutItem', table)).toBe('allowed');
    expect(decide('Generate', 'dynamodb:Query', `${table}/index/byTime`)).toBe('allowed');
    expect(decide('Generate', 'dynamodb:DeleteTable', table)).toBe('implicitDeny');
    expect(decide('Generate', 'appsync:GraphQL', `${field}/publish`)).toBe('allowed');
    expect(decide('Generate', 'appsync:GraphQL', `${field}/other`)).toBe('implicitDeny');
    expect(decide('Generate', 'lambda:InvokeFunction', lambda('Generate').arn)).toBe('allowed');
    expect(decide('Generate', 'lambda:InvokeFunction', lambda('Settle').arn)).toBe('allowed');
    expect(decide('Generate', 'logs:PutLogEvents', 'arn:aws:logs:us-east-1:1:log-group:x')).toBe('allowed');
    expect(decide('Settle', 'dynamodb:PutItem', table)).toBe('implicitDeny');
    expect(model.roles[lambda('Generate').roleArn]!.sessionName).toBe(lambda('Generate').name);
  });

  it('has the table in the form that CreateTable takes', () => {
    expect(model.tables).toEqual([
      {
        name: expect.stringMatching(/^Chat-Table/) as string,
        arn: `arn:aws:dynamodb:us-east-1:111122223333:table/${model.tables[0]!.name}`,
        keySchema: [
          { AttributeName: 'pk', KeyType: 'HASH' },
          { AttributeName: 'sk', KeyType: 'RANGE' },
        ],
        attributeDefinitions: [
          { AttributeName: 'pk', AttributeType: 'S' },
          { AttributeName: 'sk', AttributeType: 'S' },
          { AttributeName: 'at', AttributeType: 'N' },
        ],
        globalSecondaryIndexes: [
          {
            IndexName: 'byTime',
            KeySchema: [
              { AttributeName: 'pk', KeyType: 'HASH' },
              { AttributeName: 'at', KeyType: 'RANGE' },
            ],
            Projection: { ProjectionType: 'ALL' },
          },
        ],
        ttlAttribute: 'ttl',
      },
    ]);
  });

  it('gives the same physical names again', () => {
    expect(buildStackModel(assembly, values)).toEqual(model);
  });
});

/** The smallest app that has an API; `resources` are added to it. */
function app(resources: Template['Resources'], rest: Partial<Template> = {}): CloudAssembly {
  const api: Template['Resources'] = {
    Api: { Type: 'AWS::AppSync::GraphQLApi', Properties: { Name: 'a', AuthenticationType: 'API_KEY' } },
    Schema: {
      Type: 'AWS::AppSync::GraphQLSchema',
      Properties: { ApiId: { 'Fn::GetAtt': ['Api', 'ApiId'] }, Definition: 'type Query { a: Int }' },
    },
  };
  const template: Template = {
    Parameters: {},
    Conditions: {},
    Mappings: {},
    Outputs: {},
    ...rest,
    Resources: { ...api, ...resources },
  };
  return { stacks: [{ name: 'S', template }], assets: new Map([['code.zip', '/code']]) };
}

const lambdaResource = (properties: Record<string, unknown> = {}): Template['Resources'][string] => ({
  Type: 'AWS::Lambda::Function',
  Properties: {
    Code: { S3Bucket: 'b', S3Key: 'code.zip' },
    Handler: 'index.handler',
    Runtime: 'nodejs24.x',
    Role: 'arn:r',
    ...properties,
  },
});

describe('what the local stack would run differently', () => {
  const resolver = { ApiId: 'x', TypeName: 'Query', FieldName: 'a' };
  it.each<[string, CloudAssembly, RegExp]>([
    [
      'an unsupported type',
      app({ Q: { Type: 'AWS::SQS::Queue', Properties: {} } }),
      /^Q \(AWS::SQS::Queue\): this resource type/,
    ],
    [
      'an unknown attribute',
      app({ F: lambdaResource({ Role: { 'Fn::GetAtt': ['Api', 'Nope'] } }) }),
      /^Api \(AWS::AppSync::GraphQLApi\): attribute Nope/,
    ],
    [
      'a reference to an ignored type',
      app({ W: { Type: 'AWS::WAFv2::WebACL', Properties: {} }, F: lambdaResource({ Role: { Ref: 'W' } }) }),
      /^W \(AWS::WAFv2::WebACL\): Ref is not known/,
    ],
    ['a reference to nothing', app({ F: lambdaResource({ Role: { Ref: 'Nobody' } }) }), /^Nobody: neither/],
    ['a layer', app({ F: lambdaResource({ Layers: ['arn'] }) }), /^F \(AWS::Lambda::Function\): Layers/],
    [
      'a missing asset',
      app({ F: lambdaResource({ Code: { S3Bucket: 'b', S3Key: 'gone.zip' } }) }),
      /^F .*asset gone\.zip/,
    ],
    ['another runtime', app({ F: lambdaResource({ Runtime: 'python3.14' }) }), /^F .*python3\.14/],
    [
      'a VTL resolver',
      app({
        R: { Type: 'AWS::AppSync::Resolver', Properties: { ...resolver, RequestMappingTemplate: '{}' } },
      }),
      /^R .*RequestMappingTemplate/,
    ],
    [
      'a caching resolver',
      app({ R: { Type: 'AWS::AppSync::Resolver', Properties: { ...resolver, CachingConfig: {} } } }),
      /^R .*CachingConfig/,
    ],
    [
      'a resolver without its data source',
      app({ R: { Type: 'AWS::AppSync::Resolver', Properties: { ...resolver, DataSourceName: 'D' } } }),
      /resolver Query\.a: data source D/,
    ],
    [
      'an HTTP data source',
      app({ D: { Type: 'AWS::AppSync::DataSource', Properties: { ApiId: 'x', Name: 'D', Type: 'HTTP' } } }),
      /^D .*HTTP/,
    ],
    [
      'another authorization mode',
      app({ Api: { Type: 'AWS::AppSync::GraphQLApi', Properties: { AuthenticationType: 'AWS_LAMBDA' } } }),
      /^Api .*AWS_LAMBDA/,
    ],
    [
      'an unknown managed policy',
      app({
        R: {
          Type: 'AWS::IAM::Role',
          Properties: { ManagedPolicyArns: ['arn:aws:iam::aws:policy/AdministratorAccess'] },
        },
      }),
      /^R .*AdministratorAccess/,
    ],
    [
      'a permissions boundary',
      app({ R: { Type: 'AWS::IAM::Role', Properties: { PermissionsBoundary: 'arn' } } }),
      /^R .*PermissionsBoundary/,
    ],
    [
      'a policy on a foreign role',
      app({
        P: {
          Type: 'AWS::IAM::Policy',
          Properties: { PolicyName: 'p', Roles: ['other'], PolicyDocument: { Statement: [] } },
        },
      }),
      /^P .*role other/,
    ],
    [
      'an unresolved import',
      app({ F: lambdaResource({ Role: { 'Fn::ImportValue': 'gone' } }) }),
      /no stack of the app exports gone/,
    ],
    ['no API', { stacks: [], assets: new Map() }, /exactly one AWS::AppSync::GraphQLApi, it has 0/],
  ])('%s fails by name', (_name, assembly, message) => {
    expect(() => buildStackModel(assembly, values)).toThrow(TemplateError);
    expect(() => buildStackModel(assembly, values)).toThrow(message);
  });

  it('reports a dynamic reference that has no local value', () => {
    const assembly = app({
      F: lambdaResource({ Environment: { Variables: { KEY: '{{resolve:ssm:/key}}' } } }),
    });
    expect(() => buildStackModel(assembly, { ...values, dynamicReference: undefined })).toThrow(
      /\{\{resolve:ssm:\/key\}\}/,
    );
  });
});

describe('templates in detail', () => {
  it('resolves parameters, conditions, mappings and exports across stacks', () => {
    const first = app(
      {
        F: lambdaResource({
          Environment: {
            Variables: {
              MODE: { 'Fn::If': ['Local', 'local', 'aws'] },
              M: { Ref: 'Model' },
              IMPORTED: { 'Fn::ImportValue': 'S2:Arn' },
              N: 7,
            },
          },
        }),
        Skipped: { Type: 'AWS::SQS::Queue', Condition: 'Off', Properties: {} },
      },
      {
        Parameters: {
          Model: { Type: 'String', Default: 'a' },
          List: { Type: 'CommaDelimitedList', Default: 'x, y' },
        },
        Conditions: {
          Local: { 'Fn::Equals': [{ Ref: 'Model' }, 'b'] },
          Off: { 'Fn::Not': [{ Condition: 'Local' }] },
        },
        Outputs: {
          Joined: { Value: { 'Fn::Join': ['+', { Ref: 'List' }] } },
          Gone: { Value: 'x', Condition: 'Off' },
        },
      },
    );
    first.stacks.push({
      name: 'S2',
      template: {
        ...first.stacks[0]!.template,
        Resources: { G: lambdaResource({ FunctionName: 'own-name' }) },
        Outputs: {
          Exported: {
            Value: { 'Fn::GetAtt': ['G', 'Arn'] },
            Export: { Name: { 'Fn::Sub': '${AWS::StackName}:Arn' } },
          },
        },
      },
    });
    const model = buildStackModel(first, { ...values, parameters: { Model: 'b' } });
    const arn = 'arn:aws:lambda:us-east-1:111122223333:function:own-name';
    expect(model.lambdas.map((candidate) => candidate.name)).toEqual(['S-F', 'own-name']);
    expect(model.lambdas[0]!.environment).toEqual({ MODE: 'local', M: 'b', IMPORTED: arn, N: '7' });
    expect(model.outputs).toEqual({ Joined: 'x+y', Exported: arn });
  });

  it('attaches inline, customer-managed and AWS-managed policies', () => {
    const document = (action: string) => ({ Statement: { Effect: 'Allow', Action: action, Resource: '*' } });
    const model = buildStackModel(
      app({
        R: {
          Type: 'AWS::IAM::Role',
          Properties: {
            RoleName: 'r',
            Policies: [{ PolicyName: 'i', PolicyDocument: document('a:inline') }],
            ManagedPolicyArns: [
              { Ref: 'M' },
              'arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole',
            ],
          },
        },
        M: { Type: 'AWS::IAM::ManagedPolicy', Properties: { PolicyDocument: document('a:managed') } },
        P: {
          Type: 'AWS::IAM::ManagedPolicy',
          Properties: { PolicyDocument: document('a:attached'), Roles: [{ Ref: 'R' }] },
        },
      }),
      values,
    );
    const { statements } = model.roles['arn:aws:iam::111122223333:role/r']!;
    expect(statements.flatMap((statement) => statement.Action)).toEqual([
      'a:managed',
      'logs:CreateLogGroup',
      'logs:CreateLogStream',
      'logs:PutLogEvents',
      'a:inline',
      'a:attached',
    ]);
  });
});
