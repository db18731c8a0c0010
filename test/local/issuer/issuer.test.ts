import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { JwtVerifier } from 'aws-jwt-verify';
import { SimpleJwksCache } from 'aws-jwt-verify/jwk';
import { decodeJwt, decodeProtectedHeader, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createIssuer, TokenError, type Issuer, type TokenRequest } from '../../../local/issuer/index.ts';

const poolId = 'us-east-1_Local1';
const NOW = Date.UTC(2030, 0, 1);
const UUID_V5 = /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

let issuer: Issuer;
let other: Issuer;
let server: Server;
let baseUrl: string;
let iss: string;
let dataDir: string;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'issuer-'));
  issuer = await createIssuer({ poolId, clientIds: ['web', 'script'] });
  other = await createIssuer({ poolId, clientIds: ['web'] });
  server = createServer((req, res) => {
    if (!issuer.handle(req, res)) res.writeHead(404).end('not the issuer');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  iss = issuer.providerUrl(baseUrl);
});
afterAll(async () => {
  server.close();
  await rm(dataDir, { recursive: true });
});

const issue = (request: Partial<TokenRequest> = {}, by: Issuer = issuer) =>
  by.issueAccessToken({ user: 'alice', clientId: 'web', issuer: iss, ...request });
const verify = (token: string, clientIds: readonly string[] | null = ['web']) =>
  issuer.verifyToken(token, { issuer: iss, clientIds });

async function refusal(verifying: Promise<unknown>): Promise<string> {
  const error = await verifying.then(
    () => new Error('accepted'),
    (caught: unknown) => caught,
  );
  return error instanceof TokenError ? error.reason : `no TokenError: ${String(error)}`;
}

describe('issueAccessToken', () => {
  it('gives the claims of a Cognito access token', async () => {
    const token = await issue({ now: NOW });

    expect(decodeProtectedHeader(token)).toEqual({
      alg: 'RS256',
      kid: expect.stringMatching(/.{20,}/) as unknown,
    });
    expect(decodeJwt(token)).toEqual({
      sub: expect.stringMatching(UUID_V5) as unknown,
      iss,
      client_id: 'web',
      origin_jti: expect.any(String) as unknown,
      event_id: expect.any(String) as unknown,
      token_use: 'access',
      scope: 'aws.cognito.signin.user.admin',
      auth_time: NOW / 1000,
      iat: NOW / 1000,
      exp: NOW / 1000 + 3600,
      jti: expect.any(String) as unknown,
      username: 'alice',
    });
  });

  it('gives an id token its audience and its own user name claim', async () => {
    const claims = decodeJwt(await issue({ tokenUse: 'id' }));

    expect(claims).toMatchObject({ token_use: 'id', aud: 'web', 'cognito:username': 'alice' });
    expect(claims).not.toHaveProperty('client_id');
  });

  it('derives the same sub for the same name in every issuer of the pool, and another one for another name or pool', async () => {
    const elsewhere = await createIssuer({ poolId: 'us-east-1_Other', clientIds: ['web'] });
    const subjects = await Promise.all(
      [issue(), issue({}, other), issue({ user: 'bob' }), issue({}, elsewhere)].map(
        async (token) => decodeJwt(await token).sub,
      ),
    );

    expect(subjects[1]).toBe(subjects[0]);
    expect(new Set(subjects).size).toBe(3);
  });

  it.each(['', 'a b', 'ä', '../x', 'a'.repeat(65), 'a\n'])('refuses the user name %j', async (user) => {
    await expect(issue({ user })).rejects.toBeInstanceOf(RangeError);
  });

  it.each(['a', 'alice@example.com', 'A_b-c.9', 'a'.repeat(64)])('takes the user name %j', async (user) => {
    expect(decodeJwt(await issue({ user })).username).toBe(user);
  });

  it('refuses a client the pool does not have', async () => {
    await expect(issue({ clientId: 'stranger' })).rejects.toBeInstanceOf(RangeError);
  });
});

describe('verifyToken', () => {
  it('gives the claims of access and id tokens', async () => {
    expect(await verify(await issue())).toMatchObject({ username: 'alice', token_use: 'access' });
    expect(await verify(await issue({ tokenUse: 'id' }))).toMatchObject({ token_use: 'id' });
  });

  it('takes any client when the check is waived', async () => {
    expect(await verify(await issue({ clientId: 'script' }), null)).toMatchObject({ client_id: 'script' });
  });

  it('refuses a token from the moment it expires', async () => {
    const token = await issue({ now: NOW, ttlSeconds: 60 });
    const at = (now: number) => issuer.verifyToken(token, { issuer: iss, clientIds: null, now });

    expect(await at(NOW + 59_000)).toMatchObject({ username: 'alice' });
    expect(await refusal(at(NOW + 60_000))).toBe('expired');
    expect(await refusal(verify(await issue({ ttlSeconds: -1 })))).toBe('expired');
  });

  it.each<[string, Partial<TokenRequest>, string]>([
    [
      'another issuer',
      { issuer: 'https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Local1' },
      'wrong-issuer',
    ],
    ['no issuer', { overrides: { iss: undefined } }, 'wrong-issuer'],
    ['another client', { clientId: 'script' }, 'wrong-client'],
    ['another audience', { clientId: 'script', tokenUse: 'id' }, 'wrong-client'],
    ['no client', { overrides: { client_id: undefined } }, 'wrong-client'],
    ['several audiences', { tokenUse: 'id', overrides: { aud: ['web', 'x'] } }, 'wrong-client'],
    ['an unknown use', { overrides: { token_use: 'refresh' } }, 'wrong-token-use'],
    ['no use', { overrides: { token_use: undefined } }, 'bad-claims'],
    ['no sub', { overrides: { sub: undefined } }, 'bad-claims'],
    ['no expiry', { overrides: { exp: undefined } }, 'bad-claims'],
    ['a start in the future', { overrides: { nbf: Math.floor(Date.now() / 1000) + 600 } }, 'bad-claims'],
  ])('refuses a token with %s', async (_, request, reason) => {
    expect(await refusal(verify(await issue(request)))).toBe(reason);
  });

  it('refuses changed claims and a changed signature', async () => {
    const [header, , signature] = (await issue()).split('.');
    const claims = Buffer.from(JSON.stringify({ ...decodeJwt(await issue()), sub: 'mallory' })).toString(
      'base64url',
    );

    expect(await refusal(verify(`${header}.${claims}.${signature}`))).toBe('bad-signature');
    expect(await refusal(verify(`${await issue()}`.replace(/.{8}$/, 'AAAAAAAA')))).toBe('bad-signature');
  });

  it('refuses a key of another issuer', async () => {
    expect(await refusal(verify(await issue({}, other)))).toBe('unknown-key');
  });

  it('refuses alg none and a symmetric signature with the public key', async () => {
    const claims = decodeJwt(await issue());
    const none = [{ alg: 'none' }, claims].map((part) =>
      Buffer.from(JSON.stringify(part)).toString('base64url'),
    );
    const { kid } = decodeProtectedHeader(await issue());
    const symmetric = new SignJWT(claims).setProtectedHeader({ alg: 'HS256', kid: `${kid}` });

    expect(await refusal(verify(`${none.join('.')}.`))).toBe('unsupported-algorithm');
    expect(await refusal(verify(await symmetric.sign(new TextEncoder().encode('x'.repeat(32)))))).toBe(
      'unsupported-algorithm',
    );
  });

  it.each(['', 'x', 'a.b.c', '..', 'da2-local'])('refuses %j as malformed', async (token) => {
    expect(await refusal(verify(token))).toBe('malformed');
  });
});

describe('handle', () => {
  it('serves keys that a real JWT verifier accepts', async () => {
    const jwksUri = `${iss}/.well-known/jwks.json`;
    const verifier = JwtVerifier.create(
      { issuer: iss, audience: null, jwksUri },
      {
        jwksCache: new SimpleJwksCache({
          fetcher: { fetch: async (uri) => (await fetch(uri)).arrayBuffer() },
        }),
      },
    );

    expect(await verifier.verify(await issue())).toMatchObject({ username: 'alice', token_use: 'access' });
    await expect(verifier.verify(await issue({ ttlSeconds: -1 }))).rejects.toThrow(/expired/i);
    await expect(verifier.verify(await issue({}, other))).rejects.toThrow(/kid/);
  });

  it('shows no private part of the key', async () => {
    const { keys } = (await (await fetch(`${iss}/.well-known/jwks.json`)).json()) as { keys: object[] };

    expect(keys.map((key) => Object.keys(key).sort())).toEqual([['alg', 'e', 'kid', 'kty', 'n', 'use']]);
  });

  it('serves an OpenID configuration that names itself', async () => {
    const configuration = (await (await fetch(`${iss}/.well-known/openid-configuration`)).json()) as unknown;

    expect(configuration).toMatchObject({ issuer: iss, jwks_uri: `${iss}/.well-known/jwks.json` });
  });

  it('leaves other requests alone and reads only', async () => {
    const elsewhere = await fetch(`${baseUrl}/us-east-1_Other/.well-known/jwks.json`);
    const post = await fetch(`${iss}/.well-known/jwks.json`, { method: 'POST' });

    expect(await elsewhere.text()).toBe('not the issuer');
    expect(post.status).toBe(405);
  });
});

describe('createIssuer', () => {
  it('keeps its key in the data folder, readable by the owner only', async () => {
    const folder = join(dataDir, 'kept');
    const [first, second] = await Promise.all(
      [1, 2].map(() => createIssuer({ dataDir: folder, poolId, clientIds: ['web'] })),
    );
    const third = await createIssuer({ dataDir: folder, poolId, clientIds: ['web'] });

    for (const signer of [first, second]) {
      if (!signer) throw new Error('no issuer');
      expect(
        await third.verifyToken(await issue({}, signer), { issuer: iss, clientIds: ['web'] }),
      ).toMatchObject({
        username: 'alice',
      });
    }
    expect(await readdir(folder)).toEqual(['issuer-key.json']);
    expect((await stat(join(folder, 'issuer-key.json'))).mode & 0o777).toBe(0o600);
  });

  it('names a broken key file and leaves it as it is', async () => {
    const file = join(dataDir, 'issuer-key.json');
    await writeFile(file, '{"kty":"oct"}');

    await expect(createIssuer({ dataDir, poolId, clientIds: [] })).rejects.toThrow(file);
    expect(await readFile(file, 'utf8')).toBe('{"kty":"oct"}');
  });

  it.each(['', 'pool', '../x_y', 'a_b/c'])('refuses the pool id %j', async (id) => {
    await expect(createIssuer({ poolId: id, clientIds: [] })).rejects.toBeInstanceOf(RangeError);
  });
});
