export { isUserName, type TokenRequest, type TokenUse } from './claims.ts';
export {
  createIssuer,
  type Issuer,
  type IssuerOptions,
  type TokenClaims,
  type TokenExpectation,
} from './issuer.ts';
export { TokenError, type TokenFailure } from './token-error.ts';
