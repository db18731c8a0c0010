import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { Sha256 } from '@aws-crypto/sha256-js';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { HttpRequest } from '@smithy/protocol-http';
import { SignatureV4 } from '@smithy/signature-v4';
import { describe, expect, it } from 'vitest';

import { createPrincipals, parseAuthorization, verifySigV4 } from '../../../local/iam/index.ts';
import type { SignatureResult, SignedRequest } from '../../../local/iam/index.ts';

const principals = createPrincipals(
  [{ name: 'r', arn: 'arn:aws:iam::111122223333:role/r', statements: [] }],
  'secret',
);
const principal = principals.list()[0]!;
const now = Date.UTC(2026, 10, 21, 12);
const expected = { service: 'appsync', region: 'us-east-1', now: () => now };

interface Choices {
  at?: number;
  secretAccessKey?: string;
  accessKeyId?: string;
  sessionToken?: string;
  service?: string;
  region?: string;
  checksum?: boolean;
}

async function signed(body = '{"query":"{ a }"}', choices: Choices = {}): Promise<SignedRequest> {
  const signer = new SignatureV4({
    credentials: { ...principal, ...choices },
    region: choices.region ?? 'us-east-1',
    service: choices.service ?? 'appsync',
    sha256: Sha256,
    applyChecksum: choices.checksum ?? true,
  });
  const request = await signer.sign(
    new HttpRequest({
      method: 'POST',
      path: '/graphql/a%20b',
      query: { x: ['2', '1'], y: 'ä /' },
      headers: { host: '127.0.0.1:4000', 'content-type': 'application/json' },
      body,
    }),
    { signingDate: new Date(choices.at ?? now) },
  );
  return {
    method: 'POST',
    url: '/graphql/a%20b?x=2&x=1&y=%C3%A4%20%2F',
    headers: { ...request.headers, 'user-agent': 'test' },
    body,
  };
}

const reasonOf = (result: SignatureResult): string => (result.ok ? 'ok' : result.reason);

describe('verifySigV4', () => {
  it('names the principal of a correct signature', async () => {
    expect(await verifySigV4(await signed(), principals, expected)).toEqual({ ok: true, principal });
  });

  it('accepts a body given as bytes and a request without a checksum header', async () => {
    const request = await signed('{"text":"ä😀"}', { checksum: false });
    const bytes = { ...request, body: Buffer.from('{"text":"ä😀"}') };
    expect(reasonOf(await verifySigV4(bytes, principals, expected))).toBe('ok');
  });

  it.each([[-299_000], [299_000]])('accepts a clock that is off by %i ms', async (skew) => {
    const request = await signed(undefined, { at: now + skew });
    expect(reasonOf(await verifySigV4(request, principals, expected))).toBe('ok');
  });

  it.each<[string, string, Choices]>([
    ['clockSkew', 'InvalidSignatureException', { at: now - 301_000 }],
    ['clockSkew', 'InvalidSignatureException', { at: now + 301_000 }],
    ['wrongSignature', 'InvalidSignatureException', { secretAccessKey: 'other' }],
    ['unknownKey', 'UnrecognizedClientException', { accessKeyId: 'ASIA0000000000000000' }],
    ['wrongToken', 'UnrecognizedClientException', { sessionToken: 'other' }],
    ['wrongScope', 'InvalidSignatureException', { service: 'lambda' }],
    ['wrongScope', 'InvalidSignatureException', { region: 'eu-west-1' }],
  ])('refuses with %s (%s) for %j', async (reason, errorType, choices) => {
    const result = await verifySigV4(await signed(undefined, choices), principals, expected);
    expect(result).toMatchObject({ ok: false, reason, errorType });
  });

  it.each<[string, string, (request: SignedRequest) => Partial<SignedRequest>]>([
    ['a changed body', 'wrongSignature', () => ({ body: '{"query":"{ b }"}' })],
    ['a changed path', 'wrongSignature', () => ({ url: '/graphql' })],
    ['a changed query', 'wrongSignature', (request) => ({ url: `${request.url}&z=1` })],
    ['a changed method', 'wrongSignature', () => ({ method: 'GET' })],
    [
      'a changed signed header',
      'wrongSignature',
      ({ headers }) => ({ headers: { ...headers, host: 'evil' } }),
    ],
    [
      'a removed signed header',
      'wrongSignature',
      ({ headers }) => ({ headers: { ...headers, 'content-type': undefined } }),
    ],
    ['no signature', 'missing', ({ headers }) => ({ headers: { ...headers, authorization: undefined } })],
    ['a bearer token', 'missing', ({ headers }) => ({ headers: { ...headers, authorization: 'Bearer x' } })],
    [
      'half a header',
      'malformed',
      ({ headers }) => ({ headers: { ...headers, authorization: 'AWS4-HMAC-SHA256 Credential=a' } }),
    ],
    ['no date', 'malformed', ({ headers }) => ({ headers: { ...headers, 'x-amz-date': undefined } })],
    [
      'another date',
      'wrongSignature',
      ({ headers }) => ({ headers: { ...headers, 'x-amz-date': '20261121T120001Z' } }),
    ],
  ])('refuses %s as %s', async (_name, reason, change) => {
    const request = await signed();
    const result = await verifySigV4({ ...request, ...change(request) }, principals, expected);
    expect(reasonOf(result)).toBe(reason);
  });

  it('refuses a body whose checksum header was computed for another one', async () => {
    const request = await signed('one');
    expect(request.headers['x-amz-content-sha256']).toBeDefined();
    expect(reasonOf(await verifySigV4({ ...request, body: 'two' }, principals, expected))).toBe(
      'wrongSignature',
    );
  });

  it('verifies what the AWS SDK sends over a real socket', async () => {
    const results: SignatureResult[] = [];
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const body = Buffer.concat(chunks);
        void verifySigV4(
          { method: request.method!, url: request.url!, headers: request.headers, body },
          principals,
          {
            service: 'lambda',
            region: 'us-east-1',
            now: Date.now,
          },
        ).then((result) => {
          results.push(result);
          response.writeHead(202).end();
        });
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const client = new LambdaClient({
      endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      region: 'us-east-1',
      credentials: principal,
    });
    await client.send(
      new InvokeCommand({
        FunctionName: 'arn:aws:lambda:us-east-1:111122223333:function:f',
        InvocationType: 'Event',
        Payload: '{"a":"😀"}',
      }),
    );
    client.destroy();
    await new Promise((resolve) => server.close(resolve));
    expect(results.map(reasonOf)).toEqual(['ok']);
  });
});

describe('parseAuthorization', () => {
  it('reads the access key id without verifying anything', async () => {
    const request = await signed();
    expect(parseAuthorization(request.headers['authorization'])).toMatchObject({
      accessKeyId: principal.accessKeyId,
      service: 'appsync',
    });
    expect(parseAuthorization('Bearer x')).toBeUndefined();
    expect(parseAuthorization(undefined)).toBeUndefined();
  });
});
