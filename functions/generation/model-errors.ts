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

/** `retry-after-ms`, or `retry-after` in seconds; undefined when absent or a date. */
function retryAfterMs(headers: Headers | undefined): number | undefined {
  const milliseconds = Number(headers?.get('retry-after-ms') ?? Number.NaN);
  if (Number.isFinite(milliseconds)) return Math.max(0, Math.round(milliseconds));
  const seconds = Number(headers?.get('retry-after') ?? Number.NaN);
  return Number.isFinite(seconds) ? Math.max(0, Math.round(seconds * 1000)) : undefined;
}

/**
 * Names a model failure by the closed list. Anything that broke below HTTP (refused, reset, cut) is
 * UPSTREAM_UNAVAILABLE; the original stays in `cause` for the log alone.
 */
export function toModelError(error: unknown): ChatError {
  if (isChatError(error)) return error;
  if (error instanceof OpenAI.APIConnectionTimeoutError)
    return new ChatError('UPSTREAM_TIMEOUT', { cause: error });
  if (error instanceof OpenAI.APIError) {
    const api = error as Error & { status?: number; code?: string | null; headers?: Headers };
    return new ChatError(codeOf(api), { cause: error, retryAfterMs: retryAfterMs(api.headers) });
  }
  if (error instanceof SyntaxError) return new ChatError('UPSTREAM_REJECTED', { cause: error });
  return new ChatError('UPSTREAM_UNAVAILABLE', { cause: error });
}
