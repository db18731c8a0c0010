import * as v from 'valibot';

import { functionNameOf } from './attributes.ts';
import type { Resource, Resources } from './resources.ts';
import { TemplateError } from './template-error.ts';

/** How the asynchronous queue treats a function's events; AWS's defaults where the template says nothing. */
export interface AsyncConfig {
  /** Tries after the first one, 0 to 2. Default 2. */
  retryAttempts: number;
  /** Default 6 hours. */
  maxEventAgeMs: number;
  onFailureArn?: string;
  onSuccessArn?: string;
}

/** The Function URL of a function. */
export interface FunctionUrlModel {
  invokeMode: 'BUFFERED' | 'RESPONSE_STREAM';
  /** Ends with a slash, as on AWS. */
  url: string;
  authType: 'NONE' | 'AWS_IAM';
  /** Whether a CloudFront distribution signs requests to it. */
  isBehindCloudFront?: boolean;
}

/** A Lambda function with its bundled code on disk. */
export interface LambdaModel {
  logicalId: string;
  name: string;
  arn: string;
  /** `<file without extension>.<export>` */
  handler: string;
  runtime: string;
  /** Folder that holds the bundle. */
  assetPath: string;
  environment: Record<string, string>;
  timeoutMs: number;
  memoryMb: number;
  roleArn: string;
  logGroupName: string;
  /** Reserved concurrency; undefined: only the account's limit counts. */
  reservedConcurrency?: number;
  asyncConfig: AsyncConfig;
  url?: FunctionUrlModel;
}

const destination = v.optional(v.object({ Destination: v.string() }));

const functionEntries = {
  Code: v.object({ S3Bucket: v.string(), S3Key: v.string() }),
  Handler: v.string(),
  Runtime: v.string(),
  Role: v.string(),
  // CloudFormation turns numbers and booleans into text here.
  Environment: v.optional(
    v.object({
      Variables: v.optional(
        v.record(v.string(), v.pipe(v.union([v.string(), v.number(), v.boolean()]), v.transform(String))),
        {},
      ),
    }),
    {},
  ),
  Timeout: v.optional(v.number(), 3),
  MemorySize: v.optional(v.number(), 128),
  LoggingConfig: v.optional(v.object({ LogGroup: v.optional(v.string()) }), {}),
  ReservedConcurrentExecutions: v.optional(v.number()),
};

function readAsyncConfig(resources: Resources, functionName: string): AsyncConfig {
  for (const resource of resources.all('AWS::Lambda::EventInvokeConfig')) {
    const config = resource.read(
      {
        FunctionName: v.string(),
        Qualifier: v.literal('$LATEST'),
        MaximumRetryAttempts: v.optional(v.number(), 2),
        MaximumEventAgeInSeconds: v.optional(v.number(), 21_600),
        DestinationConfig: v.optional(v.object({ OnFailure: destination, OnSuccess: destination }), {}),
      },
      [],
    );
    if (functionNameOf(config.FunctionName) !== functionName) continue;
    return {
      retryAttempts: config.MaximumRetryAttempts,
      maxEventAgeMs: config.MaximumEventAgeInSeconds * 1000,
      onFailureArn: config.DestinationConfig.OnFailure?.Destination,
      onSuccessArn: config.DestinationConfig.OnSuccess?.Destination,
    };
  }
  return { retryAttempts: 2, maxEventAgeMs: 21_600_000 };
}

/** Whether a distribution with origin access control has this host for an origin. */
function isOrigin(resources: Resources, host: string): boolean {
  const origin = v.object({ DomainName: v.string(), OriginAccessControlId: v.optional(v.string()) });
  return resources.all('AWS::CloudFront::Distribution').some((distribution) => {
    const config = v.object({ Origins: v.array(origin) });
    const { DistributionConfig } = distribution.read({ DistributionConfig: config }, ['Tags']);
    return DistributionConfig.Origins.some(
      ({ DomainName, OriginAccessControlId }) => DomainName === host && OriginAccessControlId !== undefined,
    );
  });
}

function readUrl(resources: Resources, functionName: string): FunctionUrlModel | undefined {
  for (const resource of resources.all('AWS::Lambda::Url')) {
    const url = resource.read(
      {
        TargetFunctionArn: v.string(),
        AuthType: v.picklist(['NONE', 'AWS_IAM']),
        InvokeMode: v.optional(v.picklist(['BUFFERED', 'RESPONSE_STREAM']), 'BUFFERED'),
      },
      [],
    );
    if (functionNameOf(url.TargetFunctionArn) !== functionName) continue;
    const address = resource.attribute('FunctionUrl');
    const signed = isOrigin(resources, new URL(address).host) ? { isBehindCloudFront: true } : {};
    return { invokeMode: url.InvokeMode, url: address, authType: url.AuthType, ...signed };
  }
  return undefined;
}

function readFunction(
  resource: Resource,
  resources: Resources,
  assets: ReadonlyMap<string, string>,
): LambdaModel {
  const properties = resource.read(functionEntries, [
    'FunctionName',
    'Description',
    'Architectures',
    'TracingConfig',
    'Tags',
    'RecursiveLoop',
    'RuntimeManagementConfig',
  ]);
  const assetPath = assets.get(properties.Code.S3Key);
  if (assetPath === undefined)
    throw new TemplateError(
      `${resource.logicalId} (${resource.type}): asset ${properties.Code.S3Key} is not in the cloud assembly`,
    );
  if (!properties.Runtime.startsWith('nodejs'))
    throw new TemplateError(
      `${resource.logicalId} (${resource.type}): runtime ${properties.Runtime} is not supported`,
    );
  const name = resource.ref();
  return {
    logicalId: resource.logicalId,
    name,
    arn: resource.attribute('Arn'),
    handler: properties.Handler,
    runtime: properties.Runtime,
    assetPath,
    environment: properties.Environment.Variables,
    timeoutMs: properties.Timeout * 1000,
    memoryMb: properties.MemorySize,
    roleArn: properties.Role,
    logGroupName: properties.LoggingConfig.LogGroup ?? `/aws/lambda/${name}`,
    reservedConcurrency: properties.ReservedConcurrentExecutions,
    asyncConfig: readAsyncConfig(resources, name),
    url: readUrl(resources, name),
  };
}

/** All functions, each with its asynchronous settings and Function URL. Layers, VPCs, images, aliases and inline code throw `TemplateError`. */
export function readLambdas(resources: Resources, assets: ReadonlyMap<string, string>): LambdaModel[] {
  return resources.all('AWS::Lambda::Function').map((resource) => readFunction(resource, resources, assets));
}
