import { createHash } from 'node:crypto';
import type { Principals } from '../iam/index.ts';
import type { StackModel } from '../template/index.ts';
import type { DataSource } from './data-sources/data-source.ts';
import type { DynamoDbClient } from './data-sources/dynamodb-client.ts';
import { dynamoDbDataSource } from './data-sources/dynamodb.ts';
import { lambdaDataSource } from './data-sources/lambda.ts';
import { noneDataSource } from './data-sources/none.ts';
import { createDocuments } from './documents.ts';
import type { Documents } from './documents.ts';
import type { AppSyncCode } from './js/index.ts';
import type { InvokeLambda } from './ports.ts';
import { MAX_PIPELINE_FUNCTIONS, pipelineResolver, unitResolver } from './resolver.ts';
import type { FieldResolver, Step } from './resolver.ts';
import { readApiSchema } from './schema.ts';
import type { ApiSchema } from './schema.ts';

/** The parts of the stack model that make an API. */
export type ApiStack = Pick<
  StackModel,
  'region' | 'accountId' | 'api' | 'dataSources' | 'functions' | 'resolvers'
>;

/** What resolvers reach out with. */
export interface ResolverPorts {
  /** Checks and loads deployed code; throws an error that lists what APPSYNC_JS refuses. */
  loadCode(code: string, name: string): AppSyncCode;
  principals: Principals;
  invokeLambda: InvokeLambda;
  dynamoDb: DynamoDbClient;
}

/** One deployed version of the API, ready to run. */
export interface CompiledApi {
  readonly stack: ApiStack;
  readonly api: ApiSchema;
  /** Differs between versions whose schemas differ: what was compiled against one does not serve the other. */
  readonly schemaDigest: string;
  readonly documents: Documents;
  resolverOf(typeName: string, fieldName: string): FieldResolver | undefined;
}

/**
 * Compiles schema, data sources and resolver code once.
 * @throws Error naming what cannot be run: a resolver on an unknown field, a missing data source, function or role, refused code.
 */
export function compileApi(stack: ApiStack, ports: ResolverPorts): CompiledApi {
  const api = readApiSchema(stack.api.schema, stack.api.authModes[0] ?? 'API_KEY');
  const dataSources = new Map<string, DataSource>(
    Object.values(stack.dataSources).map((source) => [source.name, createDataSource(source, ports)]),
  );
  const stepOf = (owner: string, dataSource: string | undefined, code: string | undefined): Step => {
    const source = dataSources.get(dataSource ?? '');
    if (source === undefined)
      throw new Error(`${owner} names no data source of the API: ${String(dataSource)}`);
    return { dataSource: source, code: code === undefined ? undefined : ports.loadCode(code, owner) };
  };
  const functions = new Map(
    Object.values(stack.functions).map((fn) => [fn.id, stepOf(fn.name, fn.dataSource, fn.code)]),
  );
  const resolvers = new Map<string, FieldResolver>();
  for (const resolver of stack.resolvers) {
    const owner = `${resolver.typeName}.${resolver.fieldName}`;
    if (api.grantsOf(resolver.typeName, resolver.fieldName) === undefined) {
      throw new Error(`the schema has no field ${owner} for its resolver`);
    }
    if (resolver.kind === 'UNIT') {
      resolvers.set(owner, unitResolver(stepOf(owner, resolver.dataSource, resolver.code)));
      continue;
    }
    if (resolver.functions.length > MAX_PIPELINE_FUNCTIONS) {
      throw new Error(`${owner} has more than ${MAX_PIPELINE_FUNCTIONS} functions`);
    }
    const steps = resolver.functions.map((id) => {
      const step = functions.get(id);
      if (step === undefined) throw new Error(`${owner} names no function of the API: ${id}`);
      return step;
    });
    const own = resolver.code === undefined ? undefined : ports.loadCode(resolver.code, owner);
    resolvers.set(owner, pipelineResolver(own, steps));
  }
  return {
    stack,
    api,
    schemaDigest: createHash('sha256').update(stack.api.schema).digest('hex'),
    documents: createDocuments(api.schema, stack.api),
    resolverOf: (typeName, fieldName) => resolvers.get(`${typeName}.${fieldName}`),
  };
}

function createDataSource(source: ApiStack['dataSources'][string], ports: ResolverPorts): DataSource {
  if (source.type === 'NONE') return noneDataSource;
  const principal = ports.principals.byRole(source.roleArn ?? '');
  if (principal === undefined) throw new Error(`data source ${source.name} has no role of the stack`);
  if (source.type === 'AWS_LAMBDA') {
    if (source.lambdaArn === undefined) throw new Error(`data source ${source.name} has no function`);
    return lambdaDataSource({ functionArn: source.lambdaArn, principal, invoke: ports.invokeLambda });
  }
  if (source.tableName === undefined) throw new Error(`data source ${source.name} has no table`);
  return dynamoDbDataSource({ tableName: source.tableName, principal, client: ports.dynamoDb });
}
