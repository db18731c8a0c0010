import { readFileSync } from 'node:fs';

import * as v from 'valibot';

import type { Resource, Resources } from './resources.ts';
import { TemplateError } from './template-error.ts';

/** The authorization modes that the local stack runs, spelled as in a template. */
export type AuthMode = 'API_KEY' | 'AWS_IAM' | 'AMAZON_COGNITO_USER_POOLS';

/** A GraphQL API. */
export interface ApiModel {
  id: string;
  arn: string;
  /** SDL with AWS directives. */
  schema: string;
  /** The default mode first, then the additional ones. */
  authModes: AuthMode[];
  apiKeys: string[];
  environment: Record<string, string>;
  /** One entry for each user pool mode, in the order of `authModes`. */
  userPools: { userPoolId: string; appIdClientRegex?: string }[];
  queryDepthLimit?: number;
  resolverCountLimit?: number;
  introspection: boolean;
}

/** A data source; `lambdaArn` for AWS_LAMBDA, `tableName` for AMAZON_DYNAMODB, `roleArn` for both. */
export interface DataSourceModel {
  name: string;
  type: 'NONE' | 'AWS_LAMBDA' | 'AMAZON_DYNAMODB';
  roleArn?: string;
  lambdaArn?: string;
  tableName?: string;
}

/** A pipeline function. `code` is undefined only for one that passes straight to a Lambda. */
export interface FunctionModel {
  id: string;
  name: string;
  dataSource: string;
  code: string | undefined;
}

/** A resolver; `functions` are ids in order and empty for a unit resolver. */
export interface ResolverModel {
  typeName: string;
  fieldName: string;
  kind: 'UNIT' | 'PIPELINE';
  dataSource?: string;
  functions: string[];
  code: string | undefined;
}

/** Everything AppSync of one template. */
export interface AppSyncModel {
  api: ApiModel;
  dataSources: Record<string, DataSourceModel>;
  functions: Record<string, FunctionModel>;
  resolvers: ResolverModel[];
}

const runtime = v.optional(
  v.strictObject({ Name: v.literal('APPSYNC_JS'), RuntimeVersion: v.literal('1.0.0') }),
);
const mode = v.picklist(
  ['API_KEY', 'AWS_IAM', 'AMAZON_COGNITO_USER_POOLS'],
  (issue) => `authorization mode ${issue.received} is not supported`,
);
const userPoolConfig = v.optional(
  v.object({
    UserPoolId: v.string(),
    AppIdClientRegex: v.optional(v.string()),
    DefaultAction: v.optional(v.literal('ALLOW')),
  }),
);
const codeEntries = {
  Code: v.optional(v.string()),
  CodeS3Location: v.optional(v.string()),
  Runtime: runtime,
};

/** The text given inline or by the S3 address of an asset. */
function textOf(
  resource: Resource,
  inline: string | undefined,
  s3Location: string | undefined,
  assets: ReadonlyMap<string, string>,
): string | undefined {
  if (inline !== undefined || s3Location === undefined) return inline;
  const file = assets.get(s3Location.replace(/^s3:\/\/[^/]*\//, ''));
  if (file === undefined)
    throw new TemplateError(
      `${resource.logicalId} (${resource.type}): asset ${s3Location} is not in the cloud assembly`,
    );
  return readFileSync(file, 'utf8');
}

function onlyOne(resources: Resources, type: string): Resource {
  const [first, ...others] = resources.all(type);
  if (first === undefined || others.length > 0)
    throw new TemplateError(`the app needs exactly one ${type}, it has ${resources.all(type).length}`);
  return first;
}

function readApi(resources: Resources, assets: ReadonlyMap<string, string>): ApiModel {
  const api = onlyOne(resources, 'AWS::AppSync::GraphQLApi');
  const properties = api.read(
    {
      AuthenticationType: mode,
      UserPoolConfig: userPoolConfig,
      AdditionalAuthenticationProviders: v.optional(
        v.array(v.object({ AuthenticationType: mode, UserPoolConfig: userPoolConfig })),
        [],
      ),
      EnvironmentVariables: v.optional(v.record(v.string(), v.string()), {}),
      QueryDepthLimit: v.optional(v.number()),
      ResolverCountLimit: v.optional(v.number()),
      IntrospectionConfig: v.optional(v.picklist(['ENABLED', 'DISABLED']), 'ENABLED'),
    },
    [
      'Name',
      'LogConfig',
      'XrayEnabled',
      'Tags',
      'Visibility',
      'OwnerContact',
      'EnhancedMetricsConfig',
      'ApiType',
    ],
  );
  const schema = onlyOne(resources, 'AWS::AppSync::GraphQLSchema');
  const source = schema.read(
    { ApiId: v.string(), Definition: v.optional(v.string()), DefinitionS3Location: v.optional(v.string()) },
    [],
  );
  const providers = [properties, ...properties.AdditionalAuthenticationProviders];
  return {
    id: api.attribute('ApiId'),
    arn: api.attribute('Arn'),
    schema: textOf(schema, source.Definition, source.DefinitionS3Location, assets) ?? '',
    authModes: providers.map((provider) => provider.AuthenticationType),
    apiKeys: resources.all('AWS::AppSync::ApiKey').map((key) => key.attribute('ApiKey')),
    environment: properties.EnvironmentVariables,
    userPools: providers.flatMap(({ UserPoolConfig: pool }) =>
      pool === undefined ? [] : [{ userPoolId: pool.UserPoolId, appIdClientRegex: pool.AppIdClientRegex }],
    ),
    queryDepthLimit: unlimitedAsUndefined(properties.QueryDepthLimit),
    resolverCountLimit: unlimitedAsUndefined(properties.ResolverCountLimit),
    introspection: properties.IntrospectionConfig === 'ENABLED',
  };
}

/** AppSync reads 0 as "no limit of its own". */
function unlimitedAsUndefined(limit: number | undefined): number | undefined {
  return limit === 0 ? undefined : limit;
}

function readDataSource(resource: Resource): DataSourceModel {
  const properties = resource.read(
    {
      Name: v.string(),
      Type: v.picklist(
        ['NONE', 'AWS_LAMBDA', 'AMAZON_DYNAMODB'],
        (issue) => `data source type ${issue.received} is not supported`,
      ),
      ServiceRoleArn: v.optional(v.string()),
      LambdaConfig: v.optional(v.object({ LambdaFunctionArn: v.string() })),
      DynamoDBConfig: v.optional(v.strictObject({ TableName: v.string(), AwsRegion: v.string() })),
    },
    ['ApiId', 'Description', 'MetricsConfig'],
  );
  return {
    name: properties.Name,
    type: properties.Type,
    roleArn: properties.ServiceRoleArn,
    lambdaArn: properties.LambdaConfig?.LambdaFunctionArn,
    tableName: properties.DynamoDBConfig?.TableName,
  };
}

function readFunction(resource: Resource, assets: ReadonlyMap<string, string>): FunctionModel {
  const properties = resource.read(
    { ...codeEntries, Name: v.string(), DataSourceName: v.string(), MaxBatchSize: v.optional(v.literal(0)) },
    ['ApiId', 'Description', 'FunctionVersion'],
  );
  return {
    id: resource.attribute('FunctionId'),
    name: properties.Name,
    dataSource: properties.DataSourceName,
    code: textOf(resource, properties.Code, properties.CodeS3Location, assets),
  };
}

function readResolver(resource: Resource, assets: ReadonlyMap<string, string>): ResolverModel {
  const properties = resource.read(
    {
      ...codeEntries,
      TypeName: v.string(),
      FieldName: v.string(),
      Kind: v.optional(v.picklist(['UNIT', 'PIPELINE']), 'UNIT'),
      DataSourceName: v.optional(v.string()),
      PipelineConfig: v.optional(v.strictObject({ Functions: v.optional(v.array(v.string()), []) })),
      MaxBatchSize: v.optional(v.literal(0)),
    },
    ['ApiId', 'MetricsConfig'],
  );
  return {
    typeName: properties.TypeName,
    fieldName: properties.FieldName,
    kind: properties.Kind,
    dataSource: properties.DataSourceName,
    functions: properties.PipelineConfig?.Functions ?? [],
    code: textOf(resource, properties.Code, properties.CodeS3Location, assets),
  };
}

/** Throws `TemplateError` when a resolver or function names what does not exist, as the deployment would fail. */
function checkReferences({ dataSources, functions, resolvers }: AppSyncModel): void {
  const needs = (where: string, dataSource: string | undefined): void => {
    if (dataSource !== undefined && !(dataSource in dataSources))
      throw new TemplateError(`${where}: data source ${dataSource} is not in the template`);
  };
  for (const step of Object.values(functions)) needs(`function ${step.name}`, step.dataSource);
  for (const resolver of resolvers) {
    const where = `resolver ${resolver.typeName}.${resolver.fieldName}`;
    needs(where, resolver.dataSource);
    for (const id of resolver.functions)
      if (!(id in functions)) throw new TemplateError(`${where}: function ${id} is not in the template`);
  }
}

/**
 * The app's one GraphQL API with its data sources, functions and resolvers. VTL templates, caching, batching, conflict detection, merged
 * APIs and other authorization modes than the three of `AuthMode` throw `TemplateError` by name.
 */
export function readAppSync(resources: Resources, assets: ReadonlyMap<string, string>): AppSyncModel {
  const model: AppSyncModel = {
    api: readApi(resources, assets),
    dataSources: Object.fromEntries(
      resources
        .all('AWS::AppSync::DataSource')
        .map(readDataSource)
        .map((source) => [source.name, source]),
    ),
    functions: Object.fromEntries(
      resources
        .all('AWS::AppSync::FunctionConfiguration')
        .map((resource) => readFunction(resource, assets))
        .map((step) => [step.id, step]),
    ),
    resolvers: resources.all('AWS::AppSync::Resolver').map((resource) => readResolver(resource, assets)),
  };
  checkReferences(model);
  return model;
}
