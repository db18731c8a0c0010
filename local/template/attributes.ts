import { createHash } from 'node:crypto';

import type { LocalValues } from './local-values.ts';

/** A resource whose `Ref` or attribute is wanted. `property` resolves one of its properties, undefined when absent. */
export interface NamedResource {
  stackName: string;
  logicalId: string;
  property(name: string): unknown;
  values: LocalValues;
}

type Derive = (resource: NamedResource) => string;

/** What `Ref` gives and which attributes `Fn::GetAtt` knows for one resource type. */
export interface TypeAttributes {
  ref: Derive;
  attributes: Record<string, Derive>;
}

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/** Physical name: the property of that name, else stack and logical id (CloudFormation adds a random part; here it must not change). */
const named =
  (property: string): Derive =>
  (resource) =>
    text(resource.property(property)) ?? `${resource.stackName}-${resource.logicalId}`;

/** A stable id of lower-case letters and digits, as AWS makes random ones. */
const idOf =
  (length: number): Derive =>
  ({ stackName, logicalId }) =>
    BigInt(`0x${createHash('sha256').update(`${stackName}/${logicalId}`).digest('hex')}`)
      .toString(36)
      .slice(0, length);

const arn =
  (service: string, path: Derive): Derive =>
  (resource) =>
    `arn:aws:${service}:${resource.values.region}:${resource.values.accountId}:${path(resource)}`;

const property =
  (name: string): Derive =>
  (resource) =>
    text(resource.property(name)) ?? '';

const tableName = named('TableName');
const table: TypeAttributes = {
  ref: tableName,
  attributes: { Arn: arn('dynamodb', (r) => `table/${tableName(r)}`) },
};

const functionName = named('FunctionName');
const roleName = named('RoleName');
const roleArn: Derive = (r) => `arn:aws:iam::${r.values.accountId}:role${path(r)}${roleName(r)}`;
const policyArn: Derive = (r) =>
  `arn:aws:iam::${r.values.accountId}:policy${path(r)}${named('ManagedPolicyName')(r)}`;
const path: Derive = (r) => text(r.property('Path')) ?? '/';

const apiId = idOf(26);
const apiArn = arn('appsync', (r) => `apis/${apiId(r)}`);
const inApi = (kind: string, id: Derive): Derive =>
  arn('appsync', (r) => `apis/${property('ApiId')(r)}/${kind}/${id(r)}`);
const dataSourceArn = inApi('datasources', property('Name'));
const resolverFunctionArn = inApi('functions', idOf(26));
const resolverArn = arn(
  'appsync',
  (r) =>
    `apis/${property('ApiId')(r)}/types/${property('TypeName')(r)}/resolvers/${property('FieldName')(r)}`,
);
const apiKeyId: Derive = (r) => r.values.apiKey;
const hostOf = (url: string): string => new URL(url).host;

const userPoolId: Derive = (r) => `${r.values.region}_${idOf(9)(r)}`;
const providerUrl: Derive = (r) => r.values.providerUrl(userPoolId(r));
const logGroupName: Derive = (r) => text(r.property('LogGroupName')) ?? `${r.stackName}-${r.logicalId}`;
const secretArn = arn('secretsmanager', (r) => `secret:${named('Name')(r)}-local1`);

const restApiId = idOf(10);
const distributionId: Derive = (r) => `E${idOf(13)(r).toUpperCase()}`;

const plainId: TypeAttributes = { ref: (r) => `${r.stackName}-${r.logicalId}`, attributes: {} };

/** The resource types that the local stack runs or can at least name, with everything it knows of them. */
export const KNOWN_TYPES: Readonly<Record<string, TypeAttributes>> = {
  'AWS::DynamoDB::Table': table,
  'AWS::DynamoDB::GlobalTable': table,
  'AWS::Lambda::Function': {
    ref: functionName,
    attributes: { Arn: arn('lambda', (r) => `function:${functionName(r)}`) },
  },
  'AWS::Lambda::Url': {
    ref: property('TargetFunctionArn'),
    attributes: {
      FunctionArn: property('TargetFunctionArn'),
      FunctionUrl: (r) => withSlash(r.values.functionUrl(functionNameOf(property('TargetFunctionArn')(r)))),
    },
  },
  'AWS::Lambda::EventInvokeConfig': plainId,
  'AWS::IAM::Role': {
    ref: roleName,
    attributes: { Arn: roleArn, RoleId: (r) => `AROA${idOf(17)(r).toUpperCase()}` },
  },
  'AWS::IAM::Policy': { ref: named('PolicyName'), attributes: {} },
  'AWS::IAM::ManagedPolicy': { ref: policyArn, attributes: { PolicyArn: policyArn } },
  'AWS::AppSync::GraphQLApi': {
    ref: apiArn,
    attributes: {
      ApiId: apiId,
      Arn: apiArn,
      GraphQLUrl: (r) => r.values.graphqlUrl,
      GraphQLDns: (r) => hostOf(r.values.graphqlUrl),
      RealtimeUrl: (r) => r.values.realtimeUrl,
      RealtimeDns: (r) => hostOf(r.values.realtimeUrl),
    },
  },
  'AWS::AppSync::GraphQLSchema': { ref: (r) => `${property('ApiId')(r)}GraphQLSchema`, attributes: {} },
  'AWS::AppSync::ApiKey': {
    ref: inApi('apikey', apiKeyId),
    attributes: { ApiKey: apiKeyId, ApiKeyId: apiKeyId, Arn: inApi('apikey', apiKeyId) },
  },
  'AWS::AppSync::DataSource': {
    ref: dataSourceArn,
    attributes: { DataSourceArn: dataSourceArn, Name: property('Name') },
  },
  'AWS::AppSync::FunctionConfiguration': {
    ref: resolverFunctionArn,
    attributes: {
      FunctionArn: resolverFunctionArn,
      FunctionId: idOf(26),
      Name: property('Name'),
      DataSourceName: property('DataSourceName'),
    },
  },
  'AWS::AppSync::Resolver': {
    ref: resolverArn,
    attributes: {
      ResolverArn: resolverArn,
      TypeName: property('TypeName'),
      FieldName: property('FieldName'),
    },
  },
  'AWS::Cognito::UserPool': {
    ref: userPoolId,
    attributes: {
      Arn: arn('cognito-idp', (r) => `userpool/${userPoolId(r)}`),
      ProviderName: (r) => providerUrl(r).replace(/^https?:\/\//, ''),
      ProviderURL: providerUrl,
      UserPoolId: userPoolId,
    },
  },
  'AWS::Cognito::UserPoolClient': {
    ref: idOf(26),
    attributes: { ClientId: idOf(26), Name: named('ClientName') },
  },
  'AWS::CloudFront::Distribution': {
    ref: distributionId,
    attributes: { Id: distributionId, DomainName: (r) => `d${idOf(13)(r)}.cloudfront.net` },
  },
  'AWS::CloudFront::OriginAccessControl': { ref: idOf(14), attributes: { Id: idOf(14) } },
  'AWS::ApiGateway::RestApi': {
    ref: restApiId,
    attributes: { RestApiId: restApiId, RootResourceId: (r) => `${restApiId(r)}-root` },
  },
  'AWS::ApiGateway::Resource': { ref: idOf(6), attributes: { ResourceId: idOf(6) } },
  'AWS::ApiGateway::Method': plainId,
  'AWS::ApiGateway::GatewayResponse': plainId,
  'AWS::ApiGateway::Deployment': { ref: idOf(6), attributes: { DeploymentId: idOf(6) } },
  'AWS::ApiGateway::Stage': { ref: property('StageName'), attributes: {} },
  'AWS::Logs::LogGroup': {
    ref: logGroupName,
    attributes: { Arn: arn('logs', (r) => `log-group:${logGroupName(r)}:*`) },
  },
  'AWS::SecretsManager::Secret': { ref: secretArn, attributes: { Id: secretArn } },
  'AWS::SSM::Parameter': {
    ref: named('Name'),
    attributes: { Value: property('Value'), Type: property('Type') },
  },
};

/** The types that change nothing about how the service behaves on one machine; they are left out. A reference to one still fails by name. */
export const IGNORED_TYPES: ReadonlySet<string> = new Set([
  'AWS::CDK::Metadata',
  'AWS::CloudFront::ResponseHeadersPolicy',
  'AWS::CloudWatch::Alarm',
  'AWS::CloudWatch::Dashboard',
  'AWS::Cognito::UserPoolDomain',
  'AWS::Cognito::UserPoolGroup',
  'AWS::Lambda::Permission',
  'AWS::Logs::MetricFilter',
  'AWS::SNS::Topic',
  'AWS::SNS::TopicPolicy',
  'AWS::WAFv2::WebACL',
  'AWS::WAFv2::WebACLAssociation',
]);

/** The name in a function ARN or the name itself; a qualifier (`:$LATEST`, `:*`) is dropped. */
export function functionNameOf(nameOrArn: string): string {
  return nameOrArn.startsWith('arn:') ? (nameOrArn.split(':')[6] ?? nameOrArn) : nameOrArn.split(':')[0]!;
}

function withSlash(url: string): string {
  return url.endsWith('/') ? url : `${url}/`;
}
