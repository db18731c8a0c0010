import * as v from 'valibot';
import { ChatError } from '../index.ts';

/** A token is renewed when this part of its lifetime is left, or a minute, whichever is less. */
const RENEW_AT_LIFETIME_PART = 0.1;
const RENEW_BEFORE_MS = 60_000;
const TIMEOUT_MS = 15_000;

const tokenAnswer = v.object({ token: v.pipe(v.string(), v.minLength(1)) });
const claims = v.object({ exp: v.number(), iat: v.number() });

/** Gives a token; `refused` is one that the service did not accept. */
export type TokenSource = (refused?: string) => Promise<string>;

/**
 * Asks the local issuer for a user's token. @throws ChatError UNAUTHENTICATED when it refuses or answers something else,
 * NETWORK when no answer comes
 */
export async function requestToken(request: typeof fetch, tokenUrl: string, user: string): Promise<string> {
  const response = await request(tokenUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ user }),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).catch((cause: unknown) => {
    throw new ChatError('NETWORK', { cause });
  });
  if (response.status >= 500) throw new ChatError('NETWORK', { cause: response.status });
  const answer = v.safeParse(tokenAnswer, await response.json().catch(() => undefined));
  if (!response.ok || !answer.success) throw new ChatError('UNAUTHENTICATED', { cause: response.status });
  return answer.output.token;
}

/** How long a token lives, by its own claims; undefined when it does not tell. The claims are not verified. */
export function lifetimeMs(token: string): number | undefined {
  try {
    const payload = (token.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/');
    const { exp, iat } = v.parse(claims, JSON.parse(atob(payload)));
    return (exp - iat) * 1_000;
  } catch {
    return undefined;
  }
}

/**
 * Caches a token until shortly before it expires, counted from its arrival so that a wrong clock does not matter; a refused
 * one is dropped. Asks once for callers that come together; a failure is not kept.
 */
export function createTokenSource(ask: () => Promise<string>, now: () => number): TokenSource {
  let held: { readonly token: string; readonly renewAt: number } | undefined;
  let asking: Promise<string> | undefined;
  const renew = async () => {
    const token = await ask();
    const lifetime = lifetimeMs(token) ?? Infinity;
    const margin = Math.min(RENEW_BEFORE_MS, lifetime * RENEW_AT_LIFETIME_PART);
    held = { token, renewAt: lifetime === Infinity ? Infinity : now() + lifetime - margin };
    return token;
  };
  return async (refused) => {
    if (held && held.token !== refused && now() < held.renewAt) return held.token;
    asking ??= renew().finally(() => {
      asking = undefined;
    });
    return asking;
  };
}
