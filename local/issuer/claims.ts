import { createHash, randomUUID } from 'node:crypto';
import type { JWTPayload } from 'jose';

/** The namespace of user ids: any fixed UUID does, a change of it would give every local user a new `sub`. */
const USER_NAMESPACE = '6f2d1b0e-8f0c-4b43-9a57-0c4a5a0f3a11';
const USER_NAME = /^[A-Za-z0-9_.@-]{1,64}$/;
const DEFAULT_TTL_SECONDS = 3600;

/** Which of Cognito's tokens: an access token names its client in `client_id`, an id token in `aud`. */
export type TokenUse = 'access' | 'id';

/** What a token is issued for. */
export interface TokenRequest {
  /** 1 to 64 characters of `A-Za-z0-9_.@-`. */
  user: string;
  /** The value of `iss`: the issuer's provider URL. */
  issuer: string;
  clientId: string;
  /** Negative gives a token that has expired. @defaultValue 3600 */
  ttlSeconds?: number;
  /** Time of issue in ms since the epoch. @defaultValue the clock */
  now?: number;
  /** @defaultValue 'access' */
  tokenUse?: TokenUse;
  /** Claims to add or replace; undefined removes one. For tests of what a verifier refuses. */
  overrides?: Record<string, unknown>;
}

/** Whether a text may name a user. */
export function isUserName(user: string): boolean {
  return USER_NAME.test(user);
}

/** Gives the `sub` of a user: a version 5 UUID of pool and name, the same at every call and on every machine. */
export function subjectOf(poolId: string, user: string): string {
  const digest = createHash('sha1').update(Buffer.from(USER_NAMESPACE.replaceAll('-', ''), 'hex'));
  const bytes = digest.update(`${poolId}\n${user}`).digest().subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x50, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** Builds the claims Cognito puts into a token. Throws a RangeError for a bad user name. */
export function cognitoClaims(poolId: string, request: TokenRequest, now: number): JWTPayload {
  const {
    user,
    issuer,
    clientId,
    tokenUse = 'access',
    ttlSeconds = DEFAULT_TTL_SECONDS,
    overrides,
  } = request;
  if (!isUserName(user)) {
    throw new RangeError('A user name has 1 to 64 characters of A-Z, a-z, 0-9, "_", ".", "@" and "-".');
  }
  const issuedAt = Math.floor(now / 1000);
  const claims = {
    sub: subjectOf(poolId, user),
    iss: issuer,
    origin_jti: randomUUID(),
    event_id: randomUUID(),
    token_use: tokenUse,
    auth_time: issuedAt,
    iat: issuedAt,
    exp: issuedAt + ttlSeconds,
    jti: randomUUID(),
  };
  const forUse =
    tokenUse === 'access'
      ? { client_id: clientId, scope: 'aws.cognito.signin.user.admin', username: user }
      : { aud: clientId, 'cognito:username': user };
  return withoutUndefined({ ...claims, ...forUse, ...overrides });
}

function withoutUndefined(claims: Record<string, unknown>): JWTPayload {
  return Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined));
}
