import { ERRORS, type ChatError } from '../../../protocol/errors.ts';
import { errorResponse } from '../door.ts';
import { WrongParameter } from './completion-request.ts';

function typeOf(code: ChatError['code']): string {
  if (code === 'QUOTA_EXCEEDED') return 'insufficient_quota';
  const { status } = ERRORS[code];
  if (status >= 500) return 'server_error';
  if (status === 429) return 'rate_limit_error';
  return status === 401 ? 'authentication_error' : 'invalid_request_error';
}

/** An error in OpenAI's shape, of a response and of a stream alike; `code` is that of every door. */
export function openAiError(error: ChatError) {
  const { message, code, cause } = error;
  const param = cause instanceof WrongParameter ? cause.param : null;
  return { error: { message, type: typeOf(code), param, code } };
}

/** Tells OpenAI's SDKs, which repeat every 409, 429 and 5xx by themselves, whether to. */
export const SHOULD_RETRY = 'x-should-retry';

/** An error before the first byte, with its real status; `given` are headers that a route has set. */
export function openAiErrorResponse(error: ChatError, requestId: string, given: Headers): Response {
  const response = errorResponse(error, requestId, openAiError(error));
  response.headers.set(SHOULD_RETRY, given.get(SHOULD_RETRY) ?? String(error.retryable));
  return response;
}
