import * as v from 'valibot';

import type { Resource, Resources } from './resources.ts';
import { TemplateError } from './template-error.ts';

/** A method of a REST API: a streamed Lambda proxy integration. */
export interface RestMethodModel {
  /** `/` or `/{proxy+}`. */
  path: string;
  functionArn: string;
  timeoutMs: number;
}

/** Headers of API Gateway's own answers, for the statuses from 400 or those from 500. */
export interface GatewayResponseModel {
  type: 'DEFAULT_4XX' | 'DEFAULT_5XX';
  headers: Record<string, string>;
}

/** An API Gateway REST API with its one stage. */
export interface RestApiModel {
  logicalId: string;
  id: string;
  stageName: string;
  /** Silence that ends a streamed response. */
  idleMs: number;
  /** Requests a second over all callers, and how many may come at once; undefined: the account's limits. */
  throttle: { ratePerSecond: number; burst: number } | undefined;
  /** By what they match, the root before the greedy one. */
  methods: RestMethodModel[];
  gatewayResponses: GatewayResponseModel[];
}

/** https://docs.aws.amazon.com/apigateway/latest/developerguide/response-transfer-mode.html */
const IDLE_MS = { REGIONAL: 300_000, EDGE: 30_000 };

const URI =
  /^arn:aws:apigateway:[\w-]+:lambda:path\/2021-11-15\/functions\/(\S+)\/response-streaming-invocations$/;

const apiEntries = {
  EndpointConfiguration: v.optional(v.object({ Types: v.tuple([v.picklist(['REGIONAL', 'EDGE'])]) }), {
    Types: ['EDGE'],
  }),
};

const stageEntries = {
  RestApiId: v.string(),
  DeploymentId: v.string(),
  StageName: v.string(),
  MethodSettings: v.optional(
    v.array(
      v.strictObject({
        HttpMethod: v.literal('*'),
        ResourcePath: v.literal('/*'),
        ThrottlingRateLimit: v.optional(v.number()),
        ThrottlingBurstLimit: v.optional(v.number()),
        LoggingLevel: v.optional(v.string()),
        DataTraceEnabled: v.optional(v.boolean()),
      }),
    ),
    [],
  ),
};

const methodEntries = {
  RestApiId: v.string(),
  ResourceId: v.string(),
  HttpMethod: v.literal('ANY'),
  AuthorizationType: v.literal('NONE'),
  Integration: v.strictObject({
    Type: v.literal('AWS_PROXY'),
    IntegrationHttpMethod: v.literal('POST'),
    ResponseTransferMode: v.literal('STREAM'),
    TimeoutInMillis: v.optional(v.number(), 29_000),
    Uri: v.string(),
  }),
};

function readThrottle(stage: Resource): RestApiModel['throttle'] {
  const [settings] = stage.read(stageEntries, ['Description', 'Tags']).MethodSettings;
  const { ThrottlingRateLimit: ratePerSecond, ThrottlingBurstLimit: burst } = settings ?? {};
  return ratePerSecond === undefined || burst === undefined ? undefined : { ratePerSecond, burst };
}

function readMethod(method: Resource, paths: ReadonlyMap<string, string>): RestMethodModel {
  const { ResourceId, Integration } = method.read(methodEntries, []);
  const functionArn = URI.exec(Integration.Uri)?.[1];
  const path = paths.get(ResourceId);
  if (functionArn === undefined || path === undefined)
    throw new TemplateError(
      `${method.logicalId} (${method.type}): only the root and /{proxy+} to a streaming Lambda function are supported`,
    );
  return { path, functionArn, timeoutMs: Integration.TimeoutInMillis };
}

function readGatewayResponse(response: Resource): GatewayResponseModel {
  const { ResponseType, ResponseParameters } = response.read(
    {
      RestApiId: v.string(),
      ResponseType: v.picklist(['DEFAULT_4XX', 'DEFAULT_5XX']),
      ResponseParameters: v.optional(
        v.record(v.pipe(v.string(), v.startsWith('gatewayresponse.header.')), v.string()),
        {},
      ),
    },
    [],
  );
  // Constants are written in single quotes.
  const headers = Object.entries(ResponseParameters).map(([name, value]) => [
    name.split('.')[2]!,
    value.replace(/^'(.*)'$/, '$1'),
  ]);
  return { type: ResponseType, headers: Object.fromEntries(headers) as Record<string, string> };
}

/**
 * The REST API of an app, undefined when it has none. Throws `TemplateError` for more than one, and for anything but a stage whose root and
 * greedy path stream from Lambda functions.
 */
export function readRestApi(resources: Resources): RestApiModel | undefined {
  const [api, ...others] = resources.all('AWS::ApiGateway::RestApi');
  if (api === undefined) return undefined;
  const [stage, ...stages] = resources.all('AWS::ApiGateway::Stage');
  if (others.length > 0 || stage === undefined || stages.length > 0)
    throw new TemplateError(`${api.logicalId} (${api.type}): one REST API with one stage is supported`);
  const { EndpointConfiguration } = api.read(apiEntries, ['Name', 'Description', 'Tags']);
  const rootId = api.attribute('RootResourceId');
  const paths = new Map([[rootId, '/']]);
  for (const resource of resources.all('AWS::ApiGateway::Resource')) {
    const { ParentId, PathPart } = resource.read(
      { ParentId: v.string(), PathPart: v.string(), RestApiId: v.string() },
      [],
    );
    if (ParentId === rootId && PathPart === '{proxy+}') paths.set(resource.ref(), '/{proxy+}');
  }
  return {
    logicalId: api.logicalId,
    id: api.ref(),
    stageName: stage.ref(),
    idleMs: IDLE_MS[EndpointConfiguration.Types[0]],
    throttle: readThrottle(stage),
    methods: resources.all('AWS::ApiGateway::Method').map((method) => readMethod(method, paths)),
    gatewayResponses: resources.all('AWS::ApiGateway::GatewayResponse').map(readGatewayResponse),
  };
}
