import { timingSafeEqual } from 'node:crypto';
import { JwtVerifier } from 'aws-jwt-verify';
import { FetchError, JwtBaseError } from 'aws-jwt-verify/error';
import { SimpleJwksCache } from 'aws-jwt-verify/jwk';
import { ChatError } from '../../protocol/errors.ts';
import { PLAYGROUND_OWNER, userOwner } from '../../protocol/ids.ts';

/** Who may call the HTTP door. */
export interface AuthConfig {
  /** The user pool's issuer. */
  readonly issuer: string;
  readonly jwksUri: string;
  /** App clients whose tokens are taken. */
  readonly clientIds: readonly string[];
  /** Only where the playground is on. */
  readonly playgroundApiKey: string | undefined;
}

/**
 * The owner behind a request; throws UNAUTHENTICATED, or INTERNAL when the issuer's keys cannot be read. `otherwise` is asked
 * when the headers carry no credential at all: one that is there and wrong is refused before it.
 */
export type Authenticate = (headers: Headers, otherwise?: () => Promise<string>) => Promise<string>;

/** Reads JWKS over plain fetch: the verifier's own fetcher takes https only, and the local issuer has none. */
const fetcher = {
  async fetch(uri: string): Promise<ArrayBuffer> {
    const answer = await fetch(uri, { signal: AbortSignal.timeout(3_000) });
    if (!answer.ok) throw new Error(`The issuer answered ${answer.status} for its keys`);
    return answer.arrayBuffer();
  },
};

/** Access tokens name their app client in `client_id`, id tokens in `aud`; anything else is refused. */
function checkClient(clientIds: readonly string[]) {
  return ({ payload }: { payload: Record<string, unknown> }) => {
    const client =
      payload.token_use === 'access'
        ? payload.client_id
        : payload.token_use === 'id'
          ? payload.aud
          : undefined;
    if (typeof client !== 'string' || !clientIds.includes(client)) throw new ChatError('UNAUTHENTICATED');
  };
}

function isSameKey(given: string, expected: string): boolean {
  const a = Buffer.from(given);
  const b = Buffer.from(expected);
  return a.length === b.length && timingSafeEqual(a, b);
}

/**
 * Authenticates by the first credential of `x-api-key` (playground only), `x-chat-token`, `Authorization: Bearer`; the
 * others are ignored. Same owner rule as GraphQL.
 */
export function createAuthenticate(config: AuthConfig): Authenticate {
  const verifier = JwtVerifier.create(
    {
      issuer: config.issuer,
      jwksUri: config.jwksUri,
      audience: null,
      customJwtCheck: checkClient(config.clientIds),
    },
    { jwksCache: new SimpleJwksCache({ fetcher }) },
  );
  return async (headers, otherwise) => {
    const apiKey = headers.get('x-api-key');
    if (config.playgroundApiKey && apiKey !== null) {
      if (isSameKey(apiKey, config.playgroundApiKey)) return PLAYGROUND_OWNER;
      throw new ChatError('UNAUTHENTICATED');
    }
    const token = headers.get('x-chat-token') ?? bearer(headers.get('authorization'));
    if (token === undefined && otherwise) return otherwise();
    if (!token) throw new ChatError('UNAUTHENTICATED');
    try {
      const { sub } = await verifier.verify(token);
      if (typeof sub === 'string' && sub !== '') return userOwner(sub);
    } catch (error) {
      const isIssuerDown =
        error instanceof FetchError || !(error instanceof JwtBaseError || error instanceof ChatError);
      throw new ChatError(isIssuerDown ? 'INTERNAL' : 'UNAUTHENTICATED', { cause: error });
    }
    throw new ChatError('UNAUTHENTICATED');
  };
}

/** The bearer token; empty when there is none in it, undefined for no header and for another scheme. */
function bearer(authorization: string | null): string | undefined {
  const [isBearer, token = ''] = /^Bearer(?:\s+(\S*))?$/i.exec(authorization ?? '') ?? [];
  if (isBearer !== undefined) return token;
  return /^Bearer\s/i.test(authorization ?? '') ? '' : undefined;
}
