import type { IncomingMessage, ServerResponse } from 'node:http';
import { createLocalJWKSet, jwtVerify, SignJWT, type JWTPayload } from 'jose';
import { cognitoClaims, type TokenRequest } from './claims.ts';
import { loadSigningKey } from './signing-key.ts';
import { TokenError, toTokenError } from './token-error.ts';

const POOL_ID = /^[A-Za-z0-9-]+_[A-Za-z0-9]+$/;

/** What a verified token says; `sub` and `token_use` are always there. */
export type TokenClaims = JWTPayload & { sub: string; token_use: 'access' | 'id' };

/** What a token must fit. */
export interface TokenExpectation {
  /** The provider URL that `iss` has to equal. */
  issuer: string;
  /** The clients whose tokens count; null waives the check, as AppSync does without an app client pattern. */
  clientIds: readonly string[] | null;
  /** Ms since the epoch. @defaultValue the clock */
  now?: number;
}

/** A Cognito-shaped token issuer for one user pool. */
export interface Issuer {
  /** Answers a request for the pool's JWKS or its OpenID configuration and returns true; leaves any other alone and returns false. */
  handle(req: IncomingMessage, res: ServerResponse): boolean;
  /** The pool's provider URL, which is `iss`, when the issuer is reached at this base URL. */
  providerUrl(baseUrl: string): string;
  /** Rejects with a RangeError for a bad user name or a client the pool does not have. */
  issueAccessToken(request: TokenRequest): Promise<string>;
  /** Resolves to the claims of a token this issuer signed that fits and has not expired; rejects with a TokenError else. */
  verifyToken(token: string, expectation: TokenExpectation): Promise<TokenClaims>;
}

/** What an issuer is made for. */
export interface IssuerOptions {
  /** Folder of the key pair; without one the pair is new at every start. */
  dataDir?: string;
  poolId: string;
  /** The pool's app clients. */
  clientIds: readonly string[];
}

/** Creates an issuer; it listens nowhere itself, `handle` is called from a server. */
export async function createIssuer({ dataDir, poolId, clientIds }: IssuerOptions): Promise<Issuer> {
  if (!POOL_ID.test(poolId))
    throw new RangeError(`${JSON.stringify(poolId)} is no user pool id like us-east-1_Example.`);
  const { privateKey, publicJwk } = await loadSigningKey(dataDir);
  const keySet = createLocalJWKSet({ keys: [publicJwk] });
  const jwks = JSON.stringify({ keys: [publicJwk] });
  const keysPath = `/${poolId}/.well-known/jwks.json`;
  const providerUrl = (baseUrl: string): string => `${baseUrl.replace(/\/$/, '')}/${poolId}`;

  return {
    providerUrl,
    handle(req, res) {
      const path = (req.url ?? '').replace(/\?.*$/, '');
      if (path === keysPath) {
        sendJson(req, res, jwks);
        return true;
      }
      if (path === `/${poolId}/.well-known/openid-configuration`) {
        sendJson(req, res, JSON.stringify(openidConfiguration(`http://${req.headers.host ?? ''}`, poolId)));
        return true;
      }
      return false;
    },
    async issueAccessToken(request) {
      if (!clientIds.includes(request.clientId)) {
        throw new RangeError(`${JSON.stringify(request.clientId)} is no client of the user pool ${poolId}.`);
      }
      const claims = cognitoClaims(poolId, request, request.now ?? Date.now());
      return new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: publicJwk.kid }).sign(privateKey);
    },
    async verifyToken(token, { issuer, clientIds: accepted, now = Date.now() }) {
      try {
        const { payload } = await jwtVerify(token, keySet, {
          issuer,
          algorithms: ['RS256'],
          requiredClaims: ['sub', 'exp', 'token_use'],
          currentDate: new Date(now),
        });
        return checkUse(payload, accepted);
      } catch (cause) {
        throw toTokenError(cause);
      }
    },
  };
}

function checkUse(payload: JWTPayload, accepted: readonly string[] | null): TokenClaims {
  const { sub, token_use: use } = payload;
  if (use !== 'access' && use !== 'id') throw new TokenError('wrong-token-use');
  if (typeof sub !== 'string') throw new TokenError('bad-claims');
  const client = use === 'access' ? payload.client_id : payload.aud;
  if (accepted !== null && !(typeof client === 'string' && accepted.includes(client)))
    throw new TokenError('wrong-client');
  return { ...payload, sub, token_use: use };
}

function openidConfiguration(baseUrl: string, poolId: string): object {
  return {
    issuer: `${baseUrl}/${poolId}`,
    jwks_uri: `${baseUrl}/${poolId}/.well-known/jwks.json`,
    id_token_signing_alg_values_supported: ['RS256'],
    response_types_supported: ['code', 'token'],
    scopes_supported: ['openid', 'email', 'phone', 'profile'],
    subject_types_supported: ['public'],
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
  };
}

function sendJson(req: IncomingMessage, res: ServerResponse, body: string): void {
  const isRead = req.method === 'GET' || req.method === 'HEAD';
  res.writeHead(isRead ? 200 : 405, {
    'content-type': 'application/json',
    'access-control-allow-origin': '*',
  });
  res.end(isRead && req.method === 'GET' ? body : undefined);
}
