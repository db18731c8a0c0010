import { Sha256 } from '@aws-crypto/sha256-js';
import { HttpRequest } from '@smithy/protocol-http';
import { SignatureV4 } from '@smithy/signature-v4';
import { REGION } from './api-fixture.ts';
import type { RunningApi } from './api-fixture.ts';

/** Headers of a request signed with a role's credentials, as a Lambda function would send them. */
export async function sign(
  api: RunningApi,
  role: string,
  body: string,
  path = '/graphql',
): Promise<Record<string, string>> {
  const principal = api.principals.list().find((candidate) => candidate.roleName === role);
  if (principal === undefined) throw new Error(`no role ${role}`);
  const signer = new SignatureV4({
    service: 'appsync',
    region: REGION,
    sha256: Sha256,
    credentials: {
      accessKeyId: principal.accessKeyId,
      secretAccessKey: principal.secretAccessKey,
      sessionToken: principal.sessionToken,
    },
  });
  const request = new HttpRequest({
    method: 'POST',
    hostname: '127.0.0.1',
    path,
    headers: { host: api.host, 'content-type': 'application/json' },
    body,
  });
  return (await signer.sign(request)).headers;
}
