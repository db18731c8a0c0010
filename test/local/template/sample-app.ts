import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import {
  App,
  aws_appsync as appsync,
  aws_cognito as cognito,
  aws_dynamodb as dynamodb,
  aws_iam as iam,
  aws_lambda as lambda,
  aws_lambda_destinations as destinations,
  aws_logs as logs,
  CfnOutput,
  CfnParameter,
  Duration,
  RemovalPolicy,
  SecretValue,
  Stack,
} from 'aws-cdk-lib';
import { afterAll } from 'vitest';

const SCHEMA =
  'type Query { hello: String }\ntype Mutation { publish(text: String!): String }\nschema { query: Query mutation: Mutation }\n';
const HANDLERS =
  "import { util } from '@aws-appsync/utils';\nexport function request(ctx) { return { payload: ctx.args }; }\nexport function response(ctx) { return ctx.result; }\n";

const folder = mkdtempSync(join(tmpdir(), 'appsync-chat-sample-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Synthesizes an app with every construct the service uses and returns the cloud assembly's folder, which goes with the test file. */
export function synthesizeSampleApp(): string {
  const source = (name: string, file: string, text: string): string => {
    mkdirSync(join(folder, name), { recursive: true });
    writeFileSync(join(folder, name, file), text);
    return join(folder, name);
  };
  const app = new App({ outdir: join(folder, 'cdk.out') });
  const stack = new Stack(app, 'Chat');
  const model = new CfnParameter(stack, 'ModelName', { type: 'String', default: 'gpt-sample' });

  const table = new dynamodb.TableV2(stack, 'Table', {
    partitionKey: { name: 'pk', type: dynamodb.AttributeType.STRING },
    sortKey: { name: 'sk', type: dynamodb.AttributeType.STRING },
    timeToLiveAttribute: 'ttl',
    globalSecondaryIndexes: [
      {
        indexName: 'byTime',
        partitionKey: { name: 'pk', type: dynamodb.AttributeType.STRING },
        sortKey: { name: 'at', type: dynamodb.AttributeType.NUMBER },
      },
    ],
    removalPolicy: RemovalPolicy.DESTROY,
  });
  const pool = new cognito.UserPool(stack, 'Users');
  const poolClient = pool.addClient('Web');

  const api = new appsync.GraphqlApi(stack, 'Api', {
    name: 'chat',
    definition: appsync.Definition.fromFile(
      join(source('schema', 'schema.graphql', SCHEMA), 'schema.graphql'),
    ),
    authorizationConfig: {
      defaultAuthorization: {
        authorizationType: appsync.AuthorizationType.USER_POOL,
        userPoolConfig: { userPool: pool, appIdClientRegex: poolClient.userPoolClientId },
      },
      additionalAuthorizationModes: [
        { authorizationType: appsync.AuthorizationType.IAM },
        { authorizationType: appsync.AuthorizationType.API_KEY },
      ],
    },
    environmentVariables: { TABLE: 'x' },
    queryDepthLimit: 5,
    resolverCountLimit: 50,
    introspectionConfig: appsync.IntrospectionConfig.DISABLED,
  });

  const code = source('lambda', 'index.mjs', 'export const handler = async () => 1;\n');
  const fn = (id: string, props: Partial<lambda.FunctionProps> = {}): lambda.Function =>
    new lambda.Function(stack, id, {
      runtime: lambda.Runtime.NODEJS_24_X,
      handler: 'index.handler',
      code: lambda.Code.fromAsset(code),
      memorySize: 256,
      timeout: Duration.seconds(30),
      logGroup: new logs.LogGroup(stack, `${id}Logs`, { retention: logs.RetentionDays.ONE_WEEK }),
      ...props,
    });
  const settle = fn('Settle');
  const generate = fn('Generate', {
    retryAttempts: 0,
    maxEventAge: Duration.seconds(60),
    onFailure: new destinations.LambdaDestination(settle),
    environment: {
      TABLE: table.tableName,
      GRAPHQL_URL: api.graphqlUrl,
      MODEL: model.valueAsString,
      ISSUER: pool.userPoolProviderUrl,
      CLIENT_ID: poolClient.userPoolClientId,
      SECRET: SecretValue.secretsManager('openai').unsafeUnwrap(),
    },
  });
  const http = fn('Http', { timeout: Duration.minutes(15) });
  const url = http.addFunctionUrl({
    authType: lambda.FunctionUrlAuthType.NONE,
    invokeMode: lambda.InvokeMode.RESPONSE_STREAM,
  });
  table.grantReadWriteData(generate);
  api.grantMutation(generate, 'publish');
  new iam.Policy(stack, 'GenerateInvokesItself', {
    statements: [
      new iam.PolicyStatement({ actions: ['lambda:InvokeFunction'], resources: [generate.functionArn] }),
    ],
    roles: [generate.role!],
  });

  const none = api.addNoneDataSource('None');
  const lambdaSource = api.addLambdaDataSource('GenerateSource', generate);
  const tableSource = api.addDynamoDbDataSource('TableSource', table);
  const asset = (name: string): appsync.Code =>
    appsync.Code.fromAsset(join(source(name, `${name}.js`, HANDLERS), `${name}.js`));
  none.createResolver('Publish', {
    typeName: 'Mutation',
    fieldName: 'publish',
    runtime: appsync.FunctionRuntime.JS_1_0_0,
    code: asset('publish'),
  });
  const functions = [tableSource, lambdaSource].map(
    (dataSource, index) =>
      new appsync.AppsyncFunction(stack, `Step${index}`, {
        api,
        dataSource,
        name: `step${index}`,
        runtime: appsync.FunctionRuntime.JS_1_0_0,
        code: appsync.Code.fromInline(HANDLERS),
      }),
  );
  new appsync.Resolver(stack, 'Hello', {
    api,
    typeName: 'Query',
    fieldName: 'hello',
    runtime: appsync.FunctionRuntime.JS_1_0_0,
    code: asset('hello'),
    pipelineConfig: functions,
  });
  new CfnOutput(stack, 'HttpUrl', { value: url.url });
  new CfnOutput(stack, 'GraphqlUrl', { value: api.graphqlUrl });
  return app.synth().directory;
}
