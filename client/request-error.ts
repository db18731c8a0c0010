/** Maps whatever a transport throws to the closed list: nothing raw reaches a caller. */
import { ChatError, isChatError, isErrorCode, type ErrorCode, type ErrorStage } from '../protocol/errors.ts';

/** The parts of an AppSync or Amplify error that tell something. */
interface WireError {
  readonly message?: unknown;
  readonly errorType?: unknown;
  readonly errorInfo?: unknown;
  readonly originalError?: unknown;
}

interface ThrownError {
  readonly name?: unknown;
  readonly message?: unknown;
  readonly response?: { readonly statusCode?: unknown; readonly headers?: Readonly<Record<string, unknown>> };
}

const STAGES: readonly ErrorStage[] = ['request', 'upstream', 'publish', 'persist'];
/** Amplify's names for "nobody is signed in": raised before a request leaves. */
const NO_CREDENTIAL = [
  'NoSignedUser',
  'NoValidAuthTokens',
  'NoCredentials',
  'NoApiKey',
  'NoAuthorizationHeader',
];
const NO_ANSWER = ['NetworkError', 'TypeError', 'AbortError', 'CanceledError', 'TimeoutError'];

/**
 * The ChatError for a failed operation: AppSync's `errorType` when it is a code of ours, `Unauthorized*` as
 * UNAUTHENTICATED, HTTP statuses, and NETWORK when no answer came. What fits nothing is INTERNAL; the original is `cause`.
 */
export function requestError(thrown: unknown): ChatError {
  if (isChatError(thrown)) return thrown;
  const [first] = errorsOf(thrown);
  return first === undefined ? fromThrown(thrown, thrown) : fromWire(first, thrown);
}

/** The ChatError for a subscription that failed: Amplify wraps the service's answer in the message `Connection failed: ...`. */
export function subscriptionError(thrown: unknown): ChatError {
  if (isChatError(thrown)) return thrown;
  const text = textOf(errorsOf(thrown)[0]?.message ?? (thrown as ThrownError | null)?.message);
  const json = text.slice(text.indexOf('{'));
  const [inner] = text.includes('{') ? errorsOf(parsed(json)) : [];
  if (inner) return fromWire(inner, thrown);
  return new ChatError(codeOfText(text) ?? 'NETWORK', { cause: thrown });
}

function errorsOf(value: unknown): readonly WireError[] {
  const errors = (value as { errors?: unknown } | null | undefined)?.errors;
  if (Array.isArray(errors)) return errors as WireError[];
  return errors !== null && typeof errors === 'object' ? [errors] : [];
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

function fromWire(error: WireError, cause: unknown): ChatError {
  if (isErrorCode(error.errorType)) return new ChatError(error.errorType, { ...detailsOf(error), cause });
  if (typeof error.errorType === 'string') {
    return new ChatError(codeOfType(error.errorType) ?? 'INTERNAL', { ...detailsOf(error), cause });
  }
  if (error.originalError) return fromThrown(error.originalError, cause);
  const text = textOf(error.message);
  // AppSync's own check of documents and variables carries no type.
  if (/^(Validation error|Variable ')/.test(text)) return new ChatError('INVALID_INPUT', { cause });
  return new ChatError(codeOfText(text) ?? 'INTERNAL', { cause });
}

function detailsOf(error: WireError): { retryAfterMs?: number; requestId?: string; stage?: ErrorStage } {
  const info = (error.errorInfo ?? {}) as Readonly<Record<string, unknown>>;
  const stage = STAGES.find((known) => known === info.stage);
  return {
    ...(typeof info.retryAfterMs === 'number' && { retryAfterMs: info.retryAfterMs }),
    ...(typeof info.requestId === 'string' && { requestId: info.requestId }),
    ...(stage && { stage }),
  };
}

function codeOfType(type: string): ErrorCode | undefined {
  if (/unauthorized|notauthorized/i.test(type)) return 'UNAUTHENTICATED';
  if (/throttl|limitexceeded|toomanyrequests|maxsubscriptions/i.test(type)) return 'RATE_LIMITED';
  if (/entitytoolarge/i.test(type)) return 'PAYLOAD_TOO_LARGE';
  if (/malformed|badrequest|validation|unsupportedoperation/i.test(type)) return 'INVALID_INPUT';
  return undefined;
}

function codeOfText(text: string): ErrorCode | undefined {
  if (/token (has )?expired/i.test(text)) return 'UNAUTHENTICATED';
  return codeOfType(text);
}

function codeOfStatus(status: unknown): ErrorCode | undefined {
  if (status === 401 || status === 403) return 'UNAUTHENTICATED';
  if (status === 413) return 'PAYLOAD_TOO_LARGE';
  if (status === 429) return 'RATE_LIMITED';
  // A gateway or a service that is starting spoke, not the service.
  if (status === 502 || status === 503 || status === 504) return 'NETWORK';
  if (typeof status === 'number' && status >= 400 && status < 500) return 'INVALID_INPUT';
  return undefined;
}

/** Seconds, as gateways and throttled services write it; the form with a date is rare and left out. */
function retryAfterMsOf(header: unknown): number | undefined {
  return typeof header === 'string' && /^\d+$/.test(header) ? Number(header) * 1_000 : undefined;
}

function fromThrown(thrown: unknown, cause: unknown): ChatError {
  const { name, response, message } = (thrown ?? {}) as ThrownError;
  const requestId = response?.headers?.['x-amzn-requestid'];
  const retryAfterMs = retryAfterMsOf(response?.headers?.['retry-after']);
  const details = { cause, retryAfterMs, ...(typeof requestId === 'string' && { requestId }) };
  const named = textOf(name);
  if (NO_CREDENTIAL.includes(named)) return new ChatError('UNAUTHENTICATED', details);
  if (NO_ANSWER.includes(named)) return new ChatError('NETWORK', details);
  const code = codeOfType(named) ?? codeOfStatus(response?.statusCode) ?? codeOfText(textOf(message));
  return new ChatError(code ?? 'INTERNAL', details);
}
