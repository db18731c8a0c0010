import type { VerifyToken } from './appsync/index.ts';
import { TokenError, type Issuer } from './issuer/index.ts';
import type { StackModel } from './template/index.ts';

/** Checks tokens against the template's user pool, as AppSync does: what is wrong is told by kind alone. */
export function tokenVerdict(issuer: Issuer, model: StackModel): VerifyToken {
  const pool = model.userPools[0];
  return async (token: string) => {
    try {
      return {
        ok: true,
        claims: await issuer.verifyToken(token, { issuer: pool?.providerUrl ?? '', clientIds: null }),
      };
    } catch (error) {
      const reason = error instanceof TokenError ? error.reason : 'refused';
      return { ok: false, reason: reason === 'malformed' || reason === 'expired' ? reason : 'refused' };
    }
  };
}
