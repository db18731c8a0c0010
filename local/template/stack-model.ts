import * as v from 'valibot';

import { readAppSync } from './appsync-model.ts';
import type { ApiModel, DataSourceModel, FunctionModel, ResolverModel } from './appsync-model.ts';
import type { CloudAssembly } from './cloud-assembly.ts';
import { readLambdas } from './lambda-model.ts';
import type { LambdaModel } from './lambda-model.ts';
import type { LocalValues } from './local-values.ts';
import { readRestApi } from './rest-api-model.ts';
import type { RestApiModel } from './rest-api-model.ts';
import { collectResources } from './resources.ts';
import type { Resources } from './resources.ts';
import { readRoles } from './role-model.ts';
import type { RoleModel } from './role-model.ts';
import { readTables } from './table-model.ts';
import type { TableModel } from './table-model.ts';

/** A Cognito user pool with the ids of its app clients. */
export interface UserPoolModel {
  id: string;
  arn: string;
  /** The issuer of its tokens. */
  providerUrl: string;
  clientIds: string[];
}

/** The synthesized app as the local stack runs it: no intrinsics left, every reference checked. */
export interface StackModel {
  region: string;
  accountId: string;
  api: ApiModel;
  dataSources: Record<string, DataSourceModel>;
  /** Pipeline functions by id. */
  functions: Record<string, FunctionModel>;
  resolvers: ResolverModel[];
  lambdas: LambdaModel[];
  tables: TableModel[];
  /** Roles by ARN. */
  roles: Record<string, RoleModel>;
  userPools: UserPoolModel[];
  /** The API Gateway REST API; undefined when the template has none. */
  restApi?: RestApiModel | undefined;
  outputs: Record<string, string>;
}

function readUserPools(resources: Resources): UserPoolModel[] {
  const clients = resources.all('AWS::Cognito::UserPoolClient').map((client) => {
    // What sign-in pages offer does not exist locally, so every other property is without effect here.
    const { UserPoolId } = client.read({ UserPoolId: v.string() }, CLIENT_SETTINGS);
    return { id: client.ref(), pool: UserPoolId };
  });
  return resources.all('AWS::Cognito::UserPool').map((pool) => ({
    id: pool.ref(),
    arn: pool.attribute('Arn'),
    providerUrl: pool.attribute('ProviderURL'),
    clientIds: clients.filter((client) => client.pool === pool.ref()).map((client) => client.id),
  }));
}

const CLIENT_SETTINGS = [
  'AccessTokenValidity',
  'AllowedOAuthFlows',
  'AllowedOAuthFlowsUserPoolClient',
  'AllowedOAuthScopes',
  'AuthSessionValidity',
  'CallbackURLs',
  'ClientName',
  'EnableTokenRevocation',
  'ExplicitAuthFlows',
  'GenerateSecret',
  'IdTokenValidity',
  'LogoutURLs',
  'PreventUserExistenceErrors',
  'ReadAttributes',
  'RefreshTokenRotation',
  'RefreshTokenValidity',
  'SupportedIdentityProviders',
  'TokenValidityUnits',
  'WriteAttributes',
];

/** AWS names the session of an assumed role after the function, and this one for AppSync's data sources. */
function sessionNames(lambdas: LambdaModel[], dataSources: DataSourceModel[]): Map<string, string> {
  return new Map([
    ...dataSources.flatMap(({ roleArn }) =>
      roleArn === undefined ? [] : [[roleArn, 'APPSYNC_ASSUME_ROLE'] as const],
    ),
    ...lambdas.map(({ roleArn, name }) => [roleArn, name] as const),
  ]);
}

/**
 * The typed model of everything the app deploys. The same assembly and values give the same model, with the same physical names.
 * Throws `TemplateError` (naming logical id, type and property or attribute) for anything the local stack would run differently.
 */
export function buildStackModel(assembly: CloudAssembly, values: LocalValues): StackModel {
  const resources = collectResources(assembly, values);
  const appSync = readAppSync(resources, assembly.assets);
  const lambdas = readLambdas(resources, assembly.assets);
  return {
    region: values.region,
    accountId: values.accountId,
    ...appSync,
    lambdas,
    tables: readTables(resources),
    roles: readRoles(resources, sessionNames(lambdas, Object.values(appSync.dataSources))),
    userPools: readUserPools(resources),
    restApi: readRestApi(resources),
    outputs: resources.outputs(),
  };
}
