import { describe, expect, it, onTestFinished } from 'vitest';

import {
  onlyResource,
  readable,
  resourcesOf,
  synthesize,
  useSynthesized,
  type Template,
} from './synthesized.ts';

const plain = useSynthesized();
const playground = useSynthesized({ playground: 'true' });

const functions = (template: Template) => resourcesOf(template, 'AWS::Lambda::Function');

function environmentOf(template: Template, name: string): Record<string, string> {
  const properties = functions(template)[`Functions${name}Function`]?.Properties;
  const { Variables } = properties?.['Environment'] as { Variables: Record<string, unknown> };
  return Object.fromEntries(Object.entries(Variables).map(([key, value]) => [key, readable(value)]));
}

function modesOf(template: Template): string[] {
  const api = onlyResource(template, 'AWS::AppSync::GraphQLApi').Properties;
  const additional = api['AdditionalAuthenticationProviders'] as { AuthenticationType: string }[];
  return [String(api['AuthenticationType']), ...additional.map((mode) => mode.AuthenticationType)];
}

const schemaOf = (template: Template) =>
  String(onlyResource(template, 'AWS::AppSync::GraphQLSchema').Properties['Definition']);

describe('a default deployment', () => {
  it('accepts user pool tokens by default and IAM for the publisher, no API key', () => {
    expect(modesOf(plain().template)).toEqual(['AMAZON_COGNITO_USER_POOLS', 'AWS_IAM']);
    const { UserPoolConfig } = onlyResource(plain().template, 'AWS::AppSync::GraphQLApi').Properties as {
      UserPoolConfig: Record<string, unknown>;
    };
    expect(UserPoolConfig).toMatchObject({ DefaultAction: 'ALLOW' });
    expect(readable(UserPoolConfig['AppIdClientRegex'])).toBe('${UsersPoolWeb}');
  });

  it('holds no trace of an API key: no resource, directive, variable or output', () => {
    expect(JSON.stringify(plain().template).replaceAll('OPENAI_API_KEY', '')).not.toMatch(/api_?key/i);
    expect(schemaOf(plain().template)).toContain('@aws_cognito_user_pools');
  });

  it('has the same schema as the playground but for the directive', () => {
    expect(schemaOf(playground().template)).toContain('@aws_api_key');
    expect(schemaOf(plain().template)).toBe(schemaOf(playground().template).replace(/\s+@aws_api_key/g, ''));
  });

  it('keeps its data when the stack goes away', () => {
    for (const type of ['AWS::DynamoDB::GlobalTable', 'AWS::Cognito::UserPool'])
      expect(onlyResource(plain().template, type).DeletionPolicy, type).toBe('Retain');
    expect(onlyResource(plain().template, 'AWS::DynamoDB::GlobalTable').Properties['Replicas']).toMatchObject(
      [
        {
          DeletionProtectionEnabled: true,
          PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
        },
      ],
    );
    expect(onlyResource(plain().template, 'AWS::Cognito::UserPool').Properties['DeletionProtection']).toBe(
      'ACTIVE',
    );
  });

  it('prints its addresses, user pool and region, and no key', () => {
    expect(Object.keys(plain().template.Outputs).sort()).toEqual([
      'GraphqlUrl',
      'HttpUrl',
      'RealtimeUrl',
      'Region',
      'UserPoolClientId',
      'UserPoolId',
    ]);
  });
});

describe('the playground', () => {
  it('adds the API key mode with a key for 365 days from the day of the synthesis', () => {
    expect(modesOf(playground().template)).toEqual(['AMAZON_COGNITO_USER_POOLS', 'AWS_IAM', 'API_KEY']);
    const { Expires } = onlyResource(playground().template, 'AWS::AppSync::ApiKey').Properties;
    expect(Expires).toBe(Date.parse('2027-01-02T00:00:00Z') / 1000);
  });

  it('gives the key to the HTTP door and to the outputs, and to no other function', () => {
    expect(environmentOf(playground().template, 'Http')['PLAYGROUND_API_KEY']).toBe(
      '${ChatApiDefaultApiKey.ApiKey}',
    );
    for (const name of ['Generate', 'Settle', 'Purge'])
      expect(Object.keys(environmentOf(playground().template, name)), name).not.toContain(
        'PLAYGROUND_API_KEY',
      );
    expect(readable(playground().template.Outputs['ApiKey']?.Value)).toBe('${ChatApiDefaultApiKey.ApiKey}');
  });

  it('goes away with its data', () => {
    for (const type of ['AWS::DynamoDB::GlobalTable', 'AWS::Cognito::UserPool'])
      expect(onlyResource(playground().template, type).DeletionPolicy, type).toBe('Delete');
  });
});

describe('the API', () => {
  it('logs errors without what people write, into its own log group', () => {
    const api = onlyResource(plain().template, 'AWS::AppSync::GraphQLApi').Properties;
    expect(api['LogConfig']).toMatchObject({ FieldLogLevel: 'ERROR', ExcludeVerboseContent: true });
    const names = Object.values(resourcesOf(plain().template, 'AWS::Logs::LogGroup')).flatMap(
      ({ Properties }) => Properties['LogGroupName'] ?? [],
    );
    expect(names.map(readable)).toEqual(['/aws/appsync/apis/${ChatApi.ApiId}']);
  });

  it('limits depth and resolvers of a request and answers introspection', () => {
    expect(onlyResource(plain().template, 'AWS::AppSync::GraphQLApi').Properties).toMatchObject({
      QueryDepthLimit: 16,
      ResolverCountLimit: 25,
      IntrospectionConfig: 'ENABLED',
      XrayEnabled: false,
      EnvironmentVariables: { MODELS: 'gpt-4.1-mini' },
    });
  });
});

describe('the table', () => {
  it('has string keys, expiry in ttl, the listing index and no provisioned capacity', () => {
    expect(onlyResource(plain().template, 'AWS::DynamoDB::GlobalTable').Properties).toMatchObject({
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
      BillingMode: 'PAY_PER_REQUEST',
      TimeToLiveSpecification: { AttributeName: 'ttl', Enabled: true },
      GlobalSecondaryIndexes: [
        {
          IndexName: 'listing',
          KeySchema: [
            { AttributeName: 'listOwner', KeyType: 'HASH' },
            { AttributeName: 'listSort', KeyType: 'RANGE' },
          ],
          Projection: { ProjectionType: 'ALL' },
        },
      ],
    });
  });
});

describe('the functions', () => {
  it('run on Node 24 and arm64, each with a log group of 30 days', () => {
    const found = functions(plain().template);
    expect(Object.keys(found).sort()).toEqual([
      'FunctionsGenerateFunction',
      'FunctionsHttpFunction',
      'FunctionsPurgeFunction',
      'FunctionsSettleFunction',
    ]);
    for (const [id, { Properties }] of Object.entries(found)) {
      expect(Properties, id).toMatchObject({
        Runtime: 'nodejs24.x',
        Architectures: ['arm64'],
        Handler: 'index.handler',
      });
      expect(Properties, id).not.toHaveProperty('ReservedConcurrentExecutions');
      const { LogGroup } = Properties['LoggingConfig'] as { LogGroup: unknown };
      expect(readable(LogGroup), id).toBe(`\${${id.replace(/Function$/, 'Logs')}}`);
    }
    for (const { Properties } of Object.values(resourcesOf(plain().template, 'AWS::Logs::LogGroup')))
      expect(Properties['RetentionInDays']).toBe(30);
  });

  it.each([
    ['Generate', 512, 900],
    ['Http', 512, 900],
    ['Settle', 256, 60],
    ['Purge', 256, 900],
  ])('%s has %i MB and %i s', (name, MemorySize, Timeout) => {
    expect(functions(plain().template)[`Functions${name}Function`]?.Properties).toMatchObject({
      MemorySize,
      Timeout,
    });
  });

  it('are tried once when generate fails, and settle hears of it', () => {
    const { Properties, DependsOn } = onlyResource(plain().template, 'AWS::Lambda::EventInvokeConfig');
    expect(Properties).toMatchObject({
      MaximumRetryAttempts: 0,
      MaximumEventAgeInSeconds: 60,
      Qualifier: '$LATEST',
    });
    expect(readable(Properties['FunctionName'])).toBe('${FunctionsGenerateFunction}');
    const { OnFailure, ...others } = Properties['DestinationConfig'] as {
      OnFailure: { Destination: unknown };
    };
    expect(readable(OnFailure.Destination)).toBe('${FunctionsSettleFunction.Arn}');
    expect(others).toEqual({});
    expect(DependsOn?.map((id) => id.slice(0, -8))).toEqual(['FunctionsGenerateMayInvokeSettle']);
  });

  it('get exactly the variables they read', () => {
    const data = { TABLE_NAME: '${DataTable}' };
    const publishing = { ...data, GRAPHQL_URL: '${ChatApi.GraphQLUrl}' };
    const model = {
      MODEL_PROVIDER: 'openai',
      MODELS: 'gpt-4.1-mini',
      REASONING_MODELS: '',
      OPENAI_BASE_URL: '',
      OPENAI_API_KEY: '',
      SYSTEM_PROMPT: 'You are a helpful assistant.',
      MAX_INPUT_TOKENS: '',
      MAX_OUTPUT_TOKENS: '',
      LINGER_MS: '',
      MAX_LINGER_MS: '',
      MAX_HANDOVERS: '12',
    };
    expect(environmentOf(plain().template, 'Generate')).toEqual({ ...publishing, ...model });
    expect(environmentOf(plain().template, 'Settle')).toEqual(publishing);
    expect(environmentOf(plain().template, 'Purge')).toEqual({ ...data, SECOND_PASS_MS: '60000' });
    expect(environmentOf(plain().template, 'Http')).toEqual({
      ...publishing,
      ...model,
      GENERATE_FUNCTION: '${FunctionsGenerateFunction}',
      SETTLE_FUNCTION: '${FunctionsSettleFunction}',
      ISSUER: '${UsersPool.ProviderURL}',
      JWKS_URI: '${UsersPool.ProviderURL}/.well-known/jwks.json',
      CLIENT_IDS: '${UsersPoolWeb}',
    });
  });
});

describe('the HTTP door', () => {
  it('streams, verifies tokens itself and leaves CORS to the handler', () => {
    const { Properties } = onlyResource(plain().template, 'AWS::Lambda::Url');
    const { TargetFunctionArn, ...settings } = Properties;
    expect(settings).toEqual({ AuthType: 'NONE', InvokeMode: 'RESPONSE_STREAM' });
    expect(readable(TargetFunctionArn)).toBe('${FunctionsHttpFunction.Arn}');
  });

  it('has both permissions that a Function URL needs, and no other function can be called from outside', () => {
    const permissions = Object.values(resourcesOf(plain().template, 'AWS::Lambda::Permission')).map(
      ({ Properties: { FunctionName, ...rest } }) => ({ ...rest, FunctionName: readable(FunctionName) }),
    );
    expect(permissions).toEqual([
      {
        Action: 'lambda:InvokeFunctionUrl',
        Principal: '*',
        FunctionUrlAuthType: 'NONE',
        FunctionName: '${FunctionsHttpFunction.Arn}',
      },
      {
        Action: 'lambda:InvokeFunction',
        Principal: '*',
        InvokedViaFunctionUrl: true,
        FunctionName: '${FunctionsHttpFunction.Arn}',
      },
    ]);
  });
});

describe('the user pool', () => {
  it('lets nobody sign up alone', () => {
    expect(onlyResource(plain().template, 'AWS::Cognito::UserPool').Properties).toMatchObject({
      AdminCreateUserConfig: { AllowAdminCreateUserOnly: true },
      UsernameAttributes: ['email'],
      Policies: { PasswordPolicy: { MinimumLength: 12 } },
    });
  });

  it('has one public client without a secret that never sees a password', () => {
    expect(onlyResource(plain().template, 'AWS::Cognito::UserPoolClient').Properties).toMatchObject({
      GenerateSecret: false,
      ExplicitAuthFlows: ['ALLOW_USER_SRP_AUTH', 'ALLOW_REFRESH_TOKEN_AUTH'],
      PreventUserExistenceErrors: 'ENABLED',
      AllowedOAuthFlowsUserPoolClient: false,
    });
  });
});

describe('the model key', () => {
  it('is a reference to a secret that CloudFormation reads, never a value', () => {
    const { template, dispose } = synthesize({ modelKeySecret: 'chat/openai' });
    onTestFinished(dispose);
    for (const name of ['Generate', 'Http'])
      expect(environmentOf(template, name)['OPENAI_API_KEY']).toBe('{{resolve:secretsmanager:chat/openai}}');
  });
});
