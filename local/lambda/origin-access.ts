import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** What stands in `authorization` once CloudFront has signed a request. */
export const ORIGIN_SIGNATURE = 'AWS4-HMAC-SHA256 Credential=cloudfront.amazonaws.com, Signature=local';

const SIGNATURE_MISMATCH =
  'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.';

/**
 * Why a Function URL refuses a request that CloudFront signed for it, undefined when it does not. The signature covers the hash of the body
 * that the client names in `x-amz-content-sha256`, because CloudFront does not read the body; without that header, the hash of nothing.
 */
export function originRefusal(request: IncomingMessage, body: Buffer): string | undefined {
  const { 'x-amz-content-sha256': signed = sha256('') } = request.headers;
  return signed === sha256(body) ? undefined : SIGNATURE_MISMATCH;
}

function sha256(bytes: Buffer | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}
