import { describe, expect, it } from 'vitest';

import { SSE_HEARTBEAT_MS } from '../../protocol/limits.ts';
import { onlyResource, readable, resourcesOf, useSynthesized, type Template } from './synthesized.ts';

const plain = useSynthesized();
const rest = useSynthesized({ restApi: 'true' });
const cdn = useSynthesized({ cloudFront: 'true', geoCountries: 'DE, AT' });
const open = useSynthesized({ cloudFront: true });

const DOOR = '${FunctionsHttpFunction.Arn}';

/** Who may call functions from outside: principal, action, function and whatever narrows it. */
const permissionsOf = (template: Template) =>
  Object.values(resourcesOf(template, 'AWS::Lambda::Permission')).map(
    ({ Properties: { FunctionName, SourceArn, ...others } }) => ({
      ...others,
      function: readable(FunctionName),
      ...(SourceArn === undefined ? {} : { from: readable(SourceArn) }),
    }),
  );

const typesOf = (template: Template) =>
  new Set(Object.values(template.Resources).map(({ Type }) => Type.split('::')[1]));

describe('a default deployment', () => {
  it('has neither front', () => {
    expect(typesOf(plain().template)).not.toContain('ApiGateway');
    expect(typesOf(plain().template)).not.toContain('CloudFront');
  });
});

describe('restApi', () => {
  it('changes nothing else', () => {
    const added = Object.entries(rest().template.Resources).filter(
      ([id]) => !(id in plain().template.Resources),
    );
    const services = new Set(added.map(([, { Type }]) => Type.split('::')[1]));
    expect(services).toEqual(new Set(['ApiGateway', 'Lambda']));
    const shared = Object.keys(plain().template.Resources);
    const kept = Object.fromEntries(shared.map((id) => [id, rest().template.Resources[id]]));
    expect(kept).toEqual(plain().template.Resources);
  });

  it('is regional: an edge-optimized one ends a stream after 30 s of silence', () => {
    expect(onlyResource(rest().template, 'AWS::ApiGateway::RestApi').Properties).toMatchObject({
      EndpointConfiguration: { Types: ['REGIONAL'] },
    });
  });

  it('streams every path and method, the root too, from the door for as long as it may take', () => {
    const methods = Object.values(resourcesOf(rest().template, 'AWS::ApiGateway::Method'));
    expect(methods).toHaveLength(2);
    for (const { Properties } of methods) {
      expect(Properties).toMatchObject({
        HttpMethod: 'ANY',
        AuthorizationType: 'NONE',
        Integration: { Type: 'AWS_PROXY', ResponseTransferMode: 'STREAM', TimeoutInMillis: 900_000 },
      });
      const { Uri } = Properties['Integration'] as { Uri: unknown };
      expect(readable(Uri)).toBe(
        `arn:\${AWS::Partition}:apigateway:\${AWS::Region}:lambda:path/2021-11-15/functions/${DOOR}/response-streaming-invocations`,
      );
    }
    const greedy = onlyResource(rest().template, 'AWS::ApiGateway::Resource').Properties;
    expect(greedy['PathPart']).toBe('{proxy+}');
  });

  it('throttles, logs nothing of a request and starts no other role', () => {
    const { Properties } = onlyResource(rest().template, 'AWS::ApiGateway::Stage');
    expect(Properties).toMatchObject({
      StageName: 'live',
      MethodSettings: [
        {
          HttpMethod: '*',
          ResourcePath: '/*',
          ThrottlingRateLimit: 100,
          ThrottlingBurstLimit: 200,
          LoggingLevel: 'OFF',
          DataTraceEnabled: false,
        },
      ],
    });
    expect(Properties).not.toHaveProperty('AccessLogSetting');
    expect(resourcesOf(rest().template, 'AWS::ApiGateway::Account')).toEqual({});
  });

  it("lets pages read API Gateway's own refusals", () => {
    const responses = Object.values(resourcesOf(rest().template, 'AWS::ApiGateway::GatewayResponse'));
    expect(responses.map(({ Properties }) => Properties['ResponseType']).sort()).toEqual([
      'DEFAULT_4XX',
      'DEFAULT_5XX',
    ]);
    for (const { Properties } of responses)
      expect(Properties['ResponseParameters']).toEqual({
        'gatewayresponse.header.Access-Control-Allow-Origin': "'*'",
      });
  });

  it('may call the door through its own stage, and nothing else', () => {
    const stage =
      'arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${RestApi}/${RestApiDeploymentStagelive}';
    const added = permissionsOf(rest().template).slice(permissionsOf(plain().template).length);
    const call = {
      Action: 'lambda:InvokeFunction',
      Principal: 'apigateway.amazonaws.com',
      function: DOOR,
    };
    expect(added).toEqual([
      { ...call, from: `${stage}/*/` },
      { ...call, from: `${stage}/*/*` },
    ]);
  });

  it('prints its address beside the others', () => {
    const added = Object.keys(rest().template.Outputs).filter((name) => !(name in plain().template.Outputs));
    expect(added).toEqual(['RestApiUrl']);
    expect(readable(rest().template.Outputs['RestApiUrl']?.Value)).toBe(
      'https://${RestApi}.execute-api.${AWS::Region}.${AWS::URLSuffix}/${RestApiDeploymentStagelive}/',
    );
  });
});

describe('cloudFront', () => {
  const settings = (template: Template) =>
    onlyResource(template, 'AWS::CloudFront::Distribution').Properties['DistributionConfig'];

  it('closes the Function URL to everybody but this distribution', () => {
    expect(onlyResource(cdn().template, 'AWS::Lambda::Url').Properties).toMatchObject({
      AuthType: 'AWS_IAM',
      InvokeMode: 'RESPONSE_STREAM',
    });
    const call = {
      Principal: 'cloudfront.amazonaws.com',
      function: '${FunctionsHttpFunctionFunctionUrl.FunctionArn}',
      from: 'arn:${AWS::Partition}:cloudfront::${AWS::AccountId}:distribution/${CdnDistribution}',
    };
    expect(permissionsOf(cdn().template)).toEqual([
      { ...call, Action: 'lambda:InvokeFunctionUrl' },
      { ...call, Action: 'lambda:InvokeFunction', InvokedViaFunctionUrl: true },
    ]);
  });

  it('signs every request under a name that no other stack has', () => {
    const { OriginAccessControlConfig } = onlyResource(cdn().template, 'AWS::CloudFront::OriginAccessControl')
      .Properties as { OriginAccessControlConfig: Record<string, unknown> };
    expect(OriginAccessControlConfig).toMatchObject({
      OriginAccessControlOriginType: 'lambda',
      SigningBehavior: 'always',
      SigningProtocol: 'sigv4',
    });
    expect(JSON.stringify(OriginAccessControlConfig['Name'])).toContain('AWS::StackId');
  });

  it('passes everything on at once: no cache, no compression, every method, every header but Host', () => {
    expect(settings(cdn().template)).toMatchObject({
      DefaultCacheBehavior: {
        AllowedMethods: ['GET', 'HEAD', 'OPTIONS', 'PUT', 'PATCH', 'POST', 'DELETE'],
        // Managed-CachingDisabled and Managed-AllViewerExceptHostHeader
        CachePolicyId: '4135ea2d-6df8-44a3-9df3-4b5a84be39ad',
        OriginRequestPolicyId: 'b689b0a8-53d0-40ab-baf2-68738e2966ac',
        Compress: false,
        ViewerProtocolPolicy: 'https-only',
      },
      HttpVersion: 'http2and3',
      Origins: [{ CustomOriginConfig: { OriginReadTimeout: 60, OriginKeepaliveTimeout: 60 } }],
    });
  });

  it('waits longer than an SSE stream is ever silent', () => {
    const { Origins } = settings(cdn().template) as {
      Origins: { CustomOriginConfig: { OriginReadTimeout: number } }[];
    };
    for (const { CustomOriginConfig } of Origins)
      expect(CustomOriginConfig.OriginReadTimeout * 1000).toBeGreaterThan(3 * SSE_HEARTBEAT_MS);
  });

  it('keeps no error for the next caller', () => {
    const { CustomErrorResponses } = settings(cdn().template) as {
      CustomErrorResponses: { ErrorCode: number; ErrorCachingMinTTL: number }[];
    };
    expect(CustomErrorResponses).toEqual(
      [400, 403, 404, 405, 414, 500, 501, 502, 503, 504].map((ErrorCode) => ({
        ErrorCode,
        ErrorCachingMinTTL: 0,
      })),
    );
  });

  it('lets in the countries of the list alone, and every country without one', () => {
    expect(settings(cdn().template)).toMatchObject({
      Restrictions: { GeoRestriction: { RestrictionType: 'whitelist', Locations: ['DE', 'AT'] } },
    });
    expect(settings(open().template)).not.toHaveProperty('Restrictions');
  });

  it('prints its address beside the others', () => {
    const added = Object.keys(cdn().template.Outputs).filter((name) => !(name in plain().template.Outputs));
    expect(added).toEqual(['CdnUrl']);
    expect(readable(cdn().template.Outputs['CdnUrl']?.Value)).toBe('https://${CdnDistribution.DomainName}');
  });
});
