import {
  AllowedMethods,
  CachePolicy,
  Distribution,
  FunctionUrlOriginAccessControl,
  GeoRestriction,
  HttpVersion,
  OriginRequestPolicy,
  ViewerProtocolPolicy,
} from 'aws-cdk-lib/aws-cloudfront';
import { FunctionUrlOrigin } from 'aws-cdk-lib/aws-cloudfront-origins';
import type { FunctionUrl } from 'aws-cdk-lib/aws-lambda';
import { Aws, Duration, Fn } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';

/** Silence that ends a response, the one before its first byte too. SSE writes every 10 s. Up to 120 s are documented; more than 60 took a raised quota before. */
const READ_TIMEOUT = Duration.seconds(60);
/** How long a connection to the door is kept for the next request; the default is 5 s. */
const KEEPALIVE_TIMEOUT = Duration.seconds(60);

/**
 * What CloudFront keeps for 10 s unless told otherwise, for most of these whatever the answer's cache-control says: a reader's mistake would
 * be answered to the next reader of the same address. 401, 409, 413, 415 and 429 are never kept.
 * https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/custom-error-pages-expiration.html
 */
const KEPT_ERRORS = [400, 403, 404, 405, 414, 500, 501, 502, 503, 504];

/** What the distribution stands before. */
export interface ChatDistributionProps {
  /** Of AuthType AWS_IAM: CloudFront signs what it sends, and may call it, and nobody else. */
  doorUrl: FunctionUrl;
  /** ISO 3166-1 codes of the only countries that are let in; none: every country. */
  countries: readonly string[];
}

/**
 * CloudFront before the HTTP door. Nothing is cached, compressed or held back; every header of the viewer but Host reaches the door, where
 * `Authorization` is CloudFront's own signature: tokens travel in `x-chat-token`. Whoever sends a body names its SHA-256 in
 * `x-amz-content-sha256`.
 */
export class ChatDistribution extends Construct {
  /** Without a slash at its end. */
  readonly url: string;

  constructor(scope: Construct, id: string, { doorUrl, countries }: ChatDistributionProps) {
    super(scope, id);
    const originAccessControl = new FunctionUrlOriginAccessControl(this, 'Access', {
      // Unique in the account, over all Regions and stacks; CDK's own name is the same for all of ours.
      originAccessControlName: `appsync-chat-${Fn.select(2, Fn.split('/', Aws.STACK_ID))}`,
    });
    const distribution = new Distribution(this, 'Distribution', {
      comment: 'appsync-chat: the HTTP door',
      defaultBehavior: {
        origin: FunctionUrlOrigin.withOriginAccessControl(doorUrl, {
          originAccessControl,
          readTimeout: READ_TIMEOUT,
          keepaliveTimeout: KEEPALIVE_TIMEOUT,
        }),
        allowedMethods: AllowedMethods.ALLOW_ALL,
        cachePolicy: CachePolicy.CACHING_DISABLED,
        // It forwards cookies, which no route reads, and so keeps CloudFront from answering two callers of one address with one response.
        originRequestPolicy: OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
        viewerProtocolPolicy: ViewerProtocolPolicy.HTTPS_ONLY,
        compress: false,
      },
      errorResponses: KEPT_ERRORS.map((httpStatus) => ({ httpStatus, ttl: Duration.seconds(0) })),
      httpVersion: HttpVersion.HTTP2_AND_3,
      ...(countries.length > 0 ? { geoRestriction: GeoRestriction.allowlist(...countries) } : {}),
    });
    this.url = `https://${distribution.distributionDomainName}`;
  }
}
