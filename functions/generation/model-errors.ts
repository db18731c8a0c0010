import OpenAI from 'openai';
import { ChatError, isChatError, type ErrorCode } from '../../protocol/errors.ts';

function codeOf(error: { status?: number; code?: string | null }): ErrorCode {
  const { status, code } = error;
  if (status === undefined) return 'UPSTREAM_UNAVAILABLE';
  if (code === 'context_length_exceeded') return 'CONTEXT_TOO_LONG';
  if (status === 401 || status === 403) return 'UPSTREAM_AUTH';
  if (status === 408) return 'UPSTREAM_TIMEOUT';
  if (status === 429) return 'UPSTREAM_RATE_LIMITED';
  return status >= 500 ? 'UPSTREAM_UNAVAILABLE' : 'UPSTREAM_REJECTED';
}

/** A longer wait is told as a day: what leaves the service must fit GraphQL's Int. */
const LONGEST_RETRY_AFTER_MS = 86_400_000;

/** `retry-after-ms`, or `retry-after` in seconds or as an HTTP date; undefined when absent or none of them. */
function retryAfterMs(headers: Headers | undefined, now: number): number | undefined {
  const milliseconds = headers?.get('retry-after-ms')?.trim() || undefined;
  const seconds = headers?.get('retry-after')?.trim() || undefined;
  const waits = [
    Number(milliseconds ?? Number.NaN),
    Number(seconds ?? Number.NaN) * 1_000,
    Date.parse(seconds ?? '') - now,
  ];
  const wait = waits.find(Number.isFinite);
  return wait === undefined ? undefined : Math.min(LONGEST_RETRY_AFTER_MS, Math.max(0, Math.round(wait)));
}

/**
 * Names a model failure by the closed list. Anything that broke below HTTP (refused, reset, cut) is
 * UPSTREAM_UNAVAILABLE; the original stays in `cause` for the log alone. `now` (epoch milliseconds) is what a date in
 * `Retry-After` is counted from.
 */
export function toModelError(error: unknown, now: number): ChatError {
  if (isChatError(error)) return error;
  if (error instanceof OpenAI.APIConnectionTimeoutError)
    return new ChatError('UPSTREAM_TIMEOUT', { cause: error });
  if (error instanceof OpenAI.APIError) {
    const api = error as Error & { status?: number; code?: string | null; headers?: Headers };
    return new ChatError(codeOf(api), { cause: error, retryAfterMs: retryAfterMs(api.headers, now) });
  }
  if (error instanceof SyntaxError) return new ChatError('UPSTREAM_REJECTED', { cause: error });
  return new ChatError('UPSTREAM_UNAVAILABLE', { cause: error });
}
