import { describe, expect, it } from 'vitest';

import { buildStackModel, TemplateError } from '../../../local/template/index.ts';
import type { LocalValues, TemplateResource } from '../../../local/template/index.ts';

const values: LocalValues = {
  region: 'us-east-1',
  accountId: '111122223333',
  graphqlUrl: 'http://127.0.0.1:4000/graphql',
  realtimeUrl: 'ws://127.0.0.1:4000/graphql/realtime',
  functionUrl: () => 'http://127.0.0.1:4001',
  providerUrl: (id) => `http://127.0.0.1:4000/${id}`,
  apiKey: 'da2-local',
};

const DOOR = 'arn:aws:lambda:us-east-1:111122223333:function:door';
const uri = (action: string) =>
  `arn:aws:apigateway:us-east-1:lambda:path/2021-11-15/functions/${DOOR}/${action}`;

const integration = {
  Type: 'AWS_PROXY',
  IntegrationHttpMethod: 'POST',
  ResponseTransferMode: 'STREAM',
  TimeoutInMillis: 900_000,
  Uri: uri('response-streaming-invocations'),
};
const method = (ResourceId: unknown, overrides: object = {}) => ({
  Type: 'AWS::ApiGateway::Method',
  Properties: {
    RestApiId: { Ref: 'Rest' },
    ResourceId,
    HttpMethod: 'ANY',
    AuthorizationType: 'NONE',
    Integration: integration,
    ...overrides,
  },
});
const root = { 'Fn::GetAtt': ['Rest', 'RootResourceId'] };

const REST: Record<string, TemplateResource> = Object.fromEntries(
  Object.entries({
    Rest: {
      Type: 'AWS::ApiGateway::RestApi',
      Properties: { Name: 'n', EndpointConfiguration: { Types: ['REGIONAL'] } },
    },
    Greedy: {
      Type: 'AWS::ApiGateway::Resource',
      Properties: { RestApiId: { Ref: 'Rest' }, ParentId: root, PathPart: '{proxy+}' },
    },
    RootAny: method(root),
    GreedyAny: method({ Ref: 'Greedy' }),
    Deployed: { Type: 'AWS::ApiGateway::Deployment', Properties: { RestApiId: { Ref: 'Rest' } } },
    Live: {
      Type: 'AWS::ApiGateway::Stage',
      Properties: {
        RestApiId: { Ref: 'Rest' },
        DeploymentId: { Ref: 'Deployed' },
        StageName: 'live',
        MethodSettings: [
          { HttpMethod: '*', ResourcePath: '/*', ThrottlingRateLimit: 5, ThrottlingBurstLimit: 9 },
        ],
      },
    },
    Refusal: {
      Type: 'AWS::ApiGateway::GatewayResponse',
      Properties: {
        RestApiId: { Ref: 'Rest' },
        ResponseType: 'DEFAULT_4XX',
        ResponseParameters: { 'gatewayresponse.header.X-A': "'b'" },
      },
    },
  }).map(([id, resource]) => [id, resource as TemplateResource]),
);

function restApiOf(changes: Record<string, unknown> = {}) {
  const resources = { ...REST, ...changes } as Record<string, TemplateResource>;
  const api = {
    Type: 'AWS::AppSync::GraphQLApi',
    Properties: { Name: 'a', AuthenticationType: 'AWS_IAM' },
  } as TemplateResource;
  const schema = {
    Type: 'AWS::AppSync::GraphQLSchema',
    Properties: { ApiId: { 'Fn::GetAtt': ['Graph', 'ApiId'] }, Definition: 'type Query { a: Int }' },
  } as TemplateResource;
  const Resources = { Graph: api, Schema: schema, ...resources };
  const template = { Resources, Outputs: {}, Parameters: {}, Conditions: {}, Mappings: {} };
  return buildStackModel({ stacks: [{ name: 'S', template }], assets: new Map() }, values).restApi;
}

describe('a REST API', () => {
  it('has its stage, its limits, and a function for the root and for every path', () => {
    expect(restApiOf()).toEqual({
      logicalId: 'Rest',
      id: expect.stringMatching(/^[a-z0-9]{10}$/) as string,
      stageName: 'live',
      idleMs: 300_000,
      throttle: { ratePerSecond: 5, burst: 9 },
      methods: ['/', '/{proxy+}'].map((path) => ({ path, functionArn: DOOR, timeoutMs: 900_000 })),
      gatewayResponses: [{ type: 'DEFAULT_4XX', headers: { 'X-A': 'b' } }],
    });
  });

  it('that is edge-optimized ends a stream after 30 s of silence', () => {
    expect(restApiOf({ Rest: { Type: 'AWS::ApiGateway::RestApi', Properties: {} } })?.idleMs).toBe(30_000);
  });

  it.each([
    [
      'an authorizer',
      { RootAny: method(root, { AuthorizationType: 'AWS_IAM' }) },
      /^RootAny .*AuthorizationType/,
    ],
    [
      'a buffered integration',
      { RootAny: method(root, { Integration: { ...integration, ResponseTransferMode: 'BUFFERED' } }) },
      /^RootAny .*ResponseTransferMode/,
    ],
    [
      'the address of buffered invocations',
      { RootAny: method(root, { Integration: { ...integration, Uri: uri('invocations') } }) },
      /^RootAny .*only the root and/,
    ],
    ['one method of many', { RootAny: method(root, { HttpMethod: 'GET' }) }, /^RootAny .*HttpMethod/],
    [
      'another resource',
      {
        Greedy: {
          Type: 'AWS::ApiGateway::Resource',
          Properties: { RestApiId: { Ref: 'Rest' }, ParentId: root, PathPart: 'chat' },
        },
      },
      /^GreedyAny .*only the root and/,
    ],
    [
      'binary media types',
      { Rest: { Type: 'AWS::ApiGateway::RestApi', Properties: { BinaryMediaTypes: ['*/*'] } } },
      /^Rest .*BinaryMediaTypes/,
    ],
  ])('with %s fails by name', (_name, changes, message) => {
    expect(() => restApiOf(changes)).toThrow(TemplateError);
    expect(() => restApiOf(changes)).toThrow(message);
  });
});
