import { Sha256 } from '@aws-crypto/sha256-js';
import { HttpRequest } from '@smithy/protocol-http';
import { SignatureV4 } from '@smithy/signature-v4';
import type { Principal } from '../../local/iam/index.ts';
import { PUBLISH_TOKENS_DOCUMENT } from '../../protocol/generated/publish-document.ts';
import type { TokenBatch } from '../../protocol/generated/schema-types.ts';
import type { WireError } from './graphql.ts';

/** What AppSync answered to a publish. */
export interface PublishAnswer {
  readonly status: number;
  readonly data?: { publishTokens: TokenBatch | null } | null;
  readonly errors?: WireError[];
}

/** The body of a publish. */
export function publishBody(batch: TokenBatch): string {
  return JSON.stringify({ query: PUBLISH_TOKENS_DOCUMENT, variables: { input: batch } });
}

/** Posts a publish with these headers. */
export async function postPublish(
  graphqlUrl: string,
  batch: TokenBatch,
  headers: Record<string, string>,
): Promise<PublishAnswer> {
  const answer = await fetch(graphqlUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: publishBody(batch),
  });
  return { status: answer.status, ...((await answer.json()) as Omit<PublishAnswer, 'status'>) };
}

/** The headers that sign a publish with a role's key, as the functions do. */
export async function signedHeaders(
  graphqlUrl: string,
  batch: TokenBatch,
  principal: Pick<Principal, 'accessKeyId' | 'secretAccessKey' | 'sessionToken'>,
): Promise<Record<string, string>> {
  const url = new URL(graphqlUrl);
  const { accessKeyId, secretAccessKey, sessionToken } = principal;
  const signer = new SignatureV4({
    service: 'appsync',
    region: 'us-east-1',
    sha256: Sha256,
    credentials: { accessKeyId, secretAccessKey, sessionToken },
  });
  const request = new HttpRequest({
    protocol: url.protocol,
    hostname: url.hostname,
    port: Number(url.port),
    path: url.pathname,
    method: 'POST',
    headers: { host: url.host, 'content-type': 'application/json' },
    body: publishBody(batch),
  });
  const { host: _host, ...headers } = (await signer.sign(request)).headers;
  return headers;
}
