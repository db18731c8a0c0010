import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** What stands in `authorization` once CloudFront has signed a request. */
export const ORIGIN_SIGNATURE = 'AWS4-HMAC-SHA256 Credential=cloudfront.amazonaws.com, Signature=local';

const SIGNATURE_MISMATCH =
  'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.';

/**
 * Why a Function URL refuses a request that CloudFront signed for it, undefined when it does not. The signature covers the hash of the body
 * that the client names, because CloudFront does not read the body: a body without `x-amz-content-sha256`, or with another, has none.
 */
export function originRefusal(request: IncomingMessage, body: Buffer): string | undefined {
  if (body.length === 0) return undefined;
  const named = request.headers['x-amz-content-sha256'];
  return named === createHash('sha256').update(body).digest('hex') ? undefined : SIGNATURE_MISMATCH;
}
