import { errors } from 'jose';

/** Why a token is refused. */
export type TokenFailure =
  | 'malformed'
  | 'unsupported-algorithm'
  | 'unknown-key'
  | 'bad-signature'
  | 'expired'
  | 'wrong-issuer'
  | 'wrong-token-use'
  | 'wrong-client'
  | 'bad-claims';

/** A refused token. `reason` is for code to branch on; the message is for people and holds nothing of the token. */
export class TokenError extends Error {
  readonly reason: TokenFailure;

  constructor(reason: TokenFailure, options?: ErrorOptions) {
    super(`The token is refused: ${reason}.`, options);
    this.name = 'TokenError';
    this.reason = reason;
  }
}

/** Turns what jose threw into a TokenError; what is no verdict about the token is thrown on. */
export function toTokenError(cause: unknown): TokenError {
  if (cause instanceof TokenError) return cause;
  const reason = reasonOf(cause);
  if (reason === undefined) throw cause;
  return new TokenError(reason, { cause });
}

function reasonOf(cause: unknown): TokenFailure | undefined {
  if (cause instanceof errors.JWTExpired) return 'expired';
  if (cause instanceof errors.JWTClaimValidationFailed)
    return cause.claim === 'iss' ? 'wrong-issuer' : 'bad-claims';
  if (cause instanceof errors.JOSEAlgNotAllowed || cause instanceof errors.JOSENotSupported)
    return 'unsupported-algorithm';
  if (cause instanceof errors.JWKSNoMatchingKey) return 'unknown-key';
  if (cause instanceof errors.JWSSignatureVerificationFailed) return 'bad-signature';
  if (cause instanceof errors.JWTInvalid || cause instanceof errors.JWSInvalid) return 'malformed';
  return undefined;
}
