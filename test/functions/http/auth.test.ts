import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAuthenticate, type AuthConfig } from '../../../functions/http/auth.ts';
import { createIssuer, type Issuer, type TokenRequest } from '../../../local/issuer/index.ts';
import { startHttpServer, type HttpServer } from '../http-server.ts';

const POOL = 'us-east-1_Local1';
let issuer: Issuer;
let server: HttpServer;
let iss: string;

beforeAll(async () => {
  issuer = await createIssuer({ poolId: POOL, clientIds: ['web', 'foreign'] });
  server = await startHttpServer((request, response) => {
    if (!issuer.handle(request, response)) response.writeHead(404).end();
  });
  iss = issuer.providerUrl(server.url);
});
afterAll(() => server.close());

const configOf = (change: Partial<AuthConfig> = {}): AuthConfig => ({
  issuer: iss,
  jwksUri: `${iss}/.well-known/jwks.json`,
  clientIds: ['web', 'script'],
  playgroundApiKey: undefined,
  ...change,
});
const tokenOf = (request: Partial<TokenRequest> = {}, by = issuer) =>
  by.issueAccessToken({ user: 'alice', clientId: 'web', issuer: iss, ...request });
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

/** The owner, or the code of the refusal. */
async function verdict(headers: Record<string, string>, change: Partial<AuthConfig> = {}): Promise<unknown> {
  return createAuthenticate(configOf(change))(new Headers(headers)).catch(
    (error: unknown) => (error as { code?: string }).code,
  );
}

describe('authenticate', () => {
  it('takes access and id tokens of the pool’s clients, in either header', async () => {
    const access = await tokenOf();
    const owner = await verdict(bearer(access));

    expect(owner).toMatch(/^u:[0-9a-f-]{36}$/);
    expect(await verdict(bearer(await tokenOf({ tokenUse: 'id' })))).toBe(owner);
    expect(await verdict({ 'x-chat-token': access })).toBe(owner);
    expect(await verdict({ authorization: `bearer ${access}` })).toBe(owner);
  });

  it.each<[string, Partial<TokenRequest>]>([
    ['an expired token', { ttlSeconds: -10 }],
    ['a token of another client', { clientId: 'foreign' }],
    ['an id token of another client', { clientId: 'foreign', tokenUse: 'id' }],
    ['a token of another issuer', { issuer: 'https://cognito-idp.us-east-1.amazonaws.com/other' }],
    ['a token of another use', { overrides: { token_use: 'refresh' } }],
    ['an access token with its client in aud alone', { overrides: { client_id: undefined, aud: 'web' } }],
    ['a token without sub', { overrides: { sub: undefined } }],
    ['a token with an empty sub', { overrides: { sub: '' } }],
    ['a token of the future', { overrides: { nbf: 4_000_000_000 } }],
  ])('refuses %s', async (_name, request) => {
    expect(await verdict(bearer(await tokenOf(request)))).toBe('UNAUTHENTICATED');
  });

  it('refuses a token that another key signed under the same name, and an altered one', async () => {
    const other = await createIssuer({ poolId: POOL, clientIds: ['web'] });
    const [head = '', body = '', signature = ''] = (await tokenOf()).split('.');
    const altered = Buffer.from(
      Buffer.from(body, 'base64url')
        .toString()
        .replace(/"sub":"./, '"sub":"x'),
    ).toString('base64url');

    expect(await verdict(bearer(await tokenOf({}, other)))).toBe('UNAUTHENTICATED');
    expect(await verdict(bearer(`${head}.${altered}.${signature}`))).toBe('UNAUTHENTICATED');
    const none = Buffer.from('{"alg":"none","kid":"x"}').toString('base64url');
    expect(await verdict(bearer(`${none}.${body}.`))).toBe('UNAUTHENTICATED');
  });

  it.each<[string, Record<string, string>]>([
    ['no credential', {}],
    ['no token', { authorization: 'Bearer ' }],
    ['another scheme', { authorization: 'Basic YTpi' }],
    ['something that is no token', { authorization: 'Bearer abc' }],
    ['a token of nonsense', { authorization: 'Bearer a.b.c' }],
  ])('refuses %s', async (_name, headers) => {
    expect(await verdict(headers)).toBe('UNAUTHENTICATED');
  });

  it('lets the first credential count and ignores the others', async () => {
    const token = await tokenOf();
    const playground = { playgroundApiKey: 'key' };

    expect(await verdict({ 'x-api-key': 'key', ...bearer('broken') }, playground)).toBe('k:playground');
    expect(await verdict({ 'x-api-key': 'wrong', ...bearer(token) }, playground)).toBe('UNAUTHENTICATED');
    expect(await verdict({ 'x-api-key': '', ...bearer(token) }, playground)).toBe('UNAUTHENTICATED');
    expect(await verdict({ 'x-chat-token': 'broken', ...bearer(token) })).toBe('UNAUTHENTICATED');
    expect(await verdict({ 'x-chat-token': token, ...bearer('broken') })).toMatch(/^u:/);
  });

  it('asks further only when the headers carry no credential at all', async () => {
    const playground = { playgroundApiKey: 'key' };
    const asked = (headers: Record<string, string>, change: Partial<AuthConfig> = {}) =>
      createAuthenticate(configOf(change))(new Headers(headers), () => Promise.resolve('u:ticket')).catch(
        (error: unknown) => (error as { code?: string }).code,
      );

    for (const headers of [
      {},
      { authorization: 'Basic YTpi' },
      { authorization: 'AWS4-HMAC-SHA256 Credential=x' },
      { authorization: 'Bearerless x' },
      { authorization: '' },
      { 'x-api-key': 'any' },
    ] as Record<string, string>[])
      expect(await asked(headers), JSON.stringify(headers)).toBe('u:ticket');
    for (const headers of [
      { authorization: 'Bearer' },
      { authorization: 'bearer broken' },
      { authorization: 'Bearer a b' },
      { 'x-chat-token': '' },
      { 'x-chat-token': 'broken' },
    ] as Record<string, string>[])
      expect(await asked(headers), JSON.stringify(headers)).toBe('UNAUTHENTICATED');
    expect(await asked({ 'x-api-key': 'wrong' }, playground)).toBe('UNAUTHENTICATED');
    expect(await asked(bearer(await tokenOf()))).not.toBe('u:ticket');
    await expect(
      createAuthenticate(configOf())(new Headers(), () => Promise.reject(new Error('no answer'))),
    ).rejects.toThrow('no answer');
  });

  it('ignores x-api-key where the playground is off', async () => {
    expect(await verdict({ 'x-api-key': 'key', ...bearer(await tokenOf()) })).toMatch(/^u:/);
    expect(await verdict({ 'x-api-key': 'key' })).toBe('UNAUTHENTICATED');
    expect(await verdict({ 'x-api-key': '' }, { playgroundApiKey: '' })).toBe('UNAUTHENTICATED');
  });

  it('is INTERNAL, not UNAUTHENTICATED, while the issuer’s keys cannot be read, and recovers', async () => {
    let isDown = true;
    const flaky = await startHttpServer((request, response) => {
      if (isDown) response.writeHead(503).end();
      else if (!issuer.handle(request, response)) response.writeHead(404).end();
    });
    const authenticate = createAuthenticate(
      configOf({ jwksUri: `${flaky.url}/${POOL}/.well-known/jwks.json` }),
    );
    const headers = new Headers(bearer(await tokenOf()));

    await expect(authenticate(headers)).rejects.toMatchObject({ code: 'INTERNAL' });
    await expect(authenticate(headers)).rejects.toMatchObject({ code: 'INTERNAL' });
    isDown = false;
    expect(await authenticate(headers)).toMatch(/^u:/);
    await flaky.close();
    expect(await authenticate(headers)).toMatch(/^u:/);
    expect(await verdict(Object.fromEntries(headers), { jwksUri: `${flaky.url}/gone` })).toBe('INTERNAL');
  });
});
