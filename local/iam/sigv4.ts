import { createHash, timingSafeEqual } from 'node:crypto';

import { Hash } from '@smithy/hash-node';
import { HttpRequest } from '@smithy/protocol-http';
import { SignatureV4, UNSIGNED_PAYLOAD } from '@smithy/signature-v4';

import type { Principal, Principals } from './principals.ts';

/** AWS refuses a signature that is older or newer than this. */
export const MAX_CLOCK_SKEW_MS = 5 * 60_000;

/** A request as it was received; header names in lower case, as node:http gives them. */
export interface SignedRequest {
  method: string;
  /** Path and query as sent, still percent-encoded. */
  url: string;
  headers: Record<string, string | string[] | undefined>;
  body: string | Uint8Array;
}

/** Why a signature does not count. `errorType` and `message` are those of AWS. */
export interface SignatureFailure {
  ok: false;
  reason:
    'missing' | 'malformed' | 'wrongScope' | 'unknownKey' | 'wrongToken' | 'clockSkew' | 'wrongSignature';
  errorType:
    | 'MissingAuthenticationTokenException'
    | 'IncompleteSignatureException'
    | 'UnrecognizedClientException'
    | 'InvalidSignatureException';
  message: string;
}

/** Who signed the request, or why that is not known. */
export type SignatureResult = { ok: true; principal: Principal } | SignatureFailure;

/** What the verifying service expects; `now` is the clock that skew is measured with. */
export interface SignatureExpectation {
  service: string;
  region: string;
  now(): number;
}

interface Authorization {
  accessKeyId: string;
  date: string;
  region: string;
  service: string;
  signedHeaders: string[];
  signature: string;
}

const PATTERN =
  /^AWS4-HMAC-SHA256\s+Credential=([^/,\s]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request\s*,\s*SignedHeaders=([^,\s]+)\s*,\s*Signature=([0-9a-f]{64})$/;

/** Reads an `AWS4-HMAC-SHA256` Authorization header; undefined when it is none. Nothing in the result is verified. */
export function parseAuthorization(header: string | string[] | undefined): Authorization | undefined {
  const match = PATTERN.exec(typeof header === 'string' ? header.trim() : '');
  if (match === null) return undefined;
  const [, accessKeyId, date, region, service, signedHeaders, signature] = match as unknown as string[];
  return {
    accessKeyId: accessKeyId!,
    date: date!,
    region: region!,
    service: service!,
    signedHeaders: signedHeaders!.split(';'),
    signature: signature!,
  };
}

/** Milliseconds of an `x-amz-date` (`YYYYMMDDTHHMMSSZ`), NaN when malformed. */
function parseAmzDate(text: string): number {
  return Date.parse(text.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
}

function queryOf(search: string): Record<string, string | string[]> {
  const query: Record<string, string | string[]> = {};
  for (const [key, value] of new URLSearchParams(search)) {
    const earlier = query[key];
    query[key] = earlier === undefined ? value : [...(Array.isArray(earlier) ? earlier : [earlier]), value];
  }
  return query;
}

/** Signs the request again with the principal's secret, over exactly the headers the caller signed. */
async function signatureOf(
  request: SignedRequest,
  authorization: Authorization,
  principal: Principal,
  signedAt: number,
): Promise<string | undefined> {
  const headers: Record<string, string> = {};
  for (const name of authorization.signedHeaders) {
    const value = request.headers[name];
    if (value === undefined) return undefined;
    headers[name] = Array.isArray(value) ? value.join(',') : value;
  }
  const queryAt = request.url.indexOf('?');
  const signer = new SignatureV4({
    credentials: {
      accessKeyId: principal.accessKeyId,
      secretAccessKey: principal.secretAccessKey,
      // The signer would add the token to the signed headers; some callers send it unsigned, which AWS accepts.
      ...(headers['x-amz-security-token'] === undefined ? {} : { sessionToken: principal.sessionToken }),
    },
    region: authorization.region,
    service: authorization.service,
    sha256: Hash.bind(null, 'sha256'),
    applyChecksum: false,
  });
  const unsigned = new HttpRequest({
    method: request.method,
    path: queryAt < 0 ? request.url : request.url.slice(0, queryAt),
    query: queryAt < 0 ? {} : queryOf(request.url.slice(queryAt + 1)),
    headers,
    body: request.body,
  });
  const signed = await signer.sign(unsigned, {
    signingDate: new Date(signedAt),
    signableHeaders: new Set(authorization.signedHeaders),
  });
  return parseAuthorization(signed.headers['authorization'])?.signature;
}

function bodyMatchesItsHash(request: SignedRequest): boolean {
  const claimed = request.headers['x-amz-content-sha256'];
  return (
    claimed === undefined ||
    claimed === UNSIGNED_PAYLOAD ||
    claimed === createHash('sha256').update(request.body).digest('hex')
  );
}

const failure = (
  reason: SignatureFailure['reason'],
  errorType: SignatureFailure['errorType'],
  message: string,
): SignatureFailure => ({ ok: false, reason, errorType, message });

/**
 * Verifies the SigV4 signature of a request. Never throws for what a caller sends: every refusal is a typed failure, checked in the
 * order missing, malformed, scope, key, token, clock, signature. Query-string (presigned) signatures are not supported and count as missing.
 */
export async function verifySigV4(
  request: SignedRequest,
  principals: Pick<Principals, 'byAccessKey'>,
  expected: SignatureExpectation,
): Promise<SignatureResult> {
  const header = request.headers['authorization'];
  if (typeof header !== 'string' || !header.startsWith('AWS4-'))
    return failure('missing', 'MissingAuthenticationTokenException', 'Missing Authentication Token');
  const authorization = parseAuthorization(header);
  const amzDate = request.headers['x-amz-date'];
  const signedAt = typeof amzDate === 'string' ? parseAmzDate(amzDate) : NaN;
  if (authorization === undefined || Number.isNaN(signedAt) || !authorization.signedHeaders.includes('host'))
    return failure(
      'malformed',
      'IncompleteSignatureException',
      "Authorization header requires 'Credential', 'Signature' and 'SignedHeaders' with 'host', and an 'X-Amz-Date' header.",
    );
  if (
    authorization.service !== expected.service ||
    authorization.region !== expected.region ||
    !String(amzDate).startsWith(authorization.date)
  )
    return failure(
      'wrongScope',
      'InvalidSignatureException',
      `Credential should be scoped to a valid region and to service '${expected.service}'.`,
    );
  const principal = principals.byAccessKey(authorization.accessKeyId);
  if (principal === undefined)
    return failure(
      'unknownKey',
      'UnrecognizedClientException',
      'The security token included in the request is invalid.',
    );
  if (request.headers['x-amz-security-token'] !== principal.sessionToken)
    return failure(
      'wrongToken',
      'UnrecognizedClientException',
      'The security token included in the request is invalid.',
    );
  if (Math.abs(expected.now() - signedAt) > MAX_CLOCK_SKEW_MS)
    return failure(
      'clockSkew',
      'InvalidSignatureException',
      `Signature expired or not yet valid: ${String(amzDate)} is more than 5 min. away from the current time`,
    );
  const signature = bodyMatchesItsHash(request)
    ? await signatureOf(request, authorization, principal, signedAt)
    : undefined;
  if (
    signature === undefined ||
    !timingSafeEqual(Buffer.from(signature), Buffer.from(authorization.signature))
  )
    return failure(
      'wrongSignature',
      'InvalidSignatureException',
      'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.',
    );
  return { ok: true, principal };
}
