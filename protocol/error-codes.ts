/**
 * The closed list of error codes (contract: PROTOCOL.md, Errors) in the APPSYNC_JS subset. `code` is the same on every
 * door; `message` is fixed text, safe for users, and never names an id.
 */

/** Where an error arose. */
export type ErrorStage = 'request' | 'upstream' | 'publish' | 'persist';

/** What is fixed for a code: HTTP status (0: the client library only), whether a repeat can succeed, stage and text. */
export interface ErrorDefinition {
  readonly status: number;
  readonly retryable: boolean;
  readonly stage: ErrorStage;
  readonly message: string;
}

/** Every code with what is fixed for it. */
export const ERRORS = {
  INVALID_INPUT: { status: 400, retryable: false, stage: 'request', message: 'The request is not valid.' },
  UNAUTHENTICATED: { status: 401, retryable: false, stage: 'request', message: 'Sign in to continue.' },
  NOT_FOUND: { status: 404, retryable: false, stage: 'request', message: 'Not found.' },
  METHOD_NOT_ALLOWED: {
    status: 405,
    retryable: false,
    stage: 'request',
    message: 'This method is not allowed here.',
  },
  CONFLICT: {
    status: 409,
    retryable: false,
    stage: 'request',
    message: 'This conflicts with an earlier request or with the state of the message.',
  },
  PAYLOAD_TOO_LARGE: {
    status: 413,
    retryable: false,
    stage: 'request',
    message: 'The request is larger than 256 KB.',
  },
  UNSUPPORTED_MEDIA_TYPE: {
    status: 415,
    retryable: false,
    stage: 'request',
    message: 'The request body must be JSON.',
  },
  RATE_LIMITED: {
    status: 429,
    retryable: true,
    stage: 'request',
    message: 'Too many requests. Try again shortly.',
  },
  QUOTA_EXCEEDED: { status: 429, retryable: false, stage: 'request', message: 'Your usage budget is spent.' },
  MODEL_NOT_ALLOWED: {
    status: 400,
    retryable: false,
    stage: 'request',
    message: 'This model is not available.',
  },
  CONTEXT_TOO_LONG: {
    status: 400,
    retryable: false,
    stage: 'upstream',
    message: 'The conversation is too long for the model.',
  },
  UPSTREAM_RATE_LIMITED: {
    status: 429,
    retryable: true,
    stage: 'upstream',
    message: 'The model is busy. Try again shortly.',
  },
  UPSTREAM_UNAVAILABLE: {
    status: 503,
    retryable: true,
    stage: 'upstream',
    message: 'The model is unavailable.',
  },
  UPSTREAM_TIMEOUT: {
    status: 504,
    retryable: true,
    stage: 'upstream',
    message: 'The model stopped responding.',
  },
  UPSTREAM_TRUNCATED: {
    status: 502,
    retryable: true,
    stage: 'upstream',
    message: 'The model ended its answer too early.',
  },
  UPSTREAM_REJECTED: {
    status: 502,
    retryable: false,
    stage: 'upstream',
    message: 'The model rejected the request.',
  },
  UPSTREAM_AUTH: {
    status: 500,
    retryable: false,
    stage: 'upstream',
    message: 'The service is not configured for this model.',
  },
  DEADLINE: {
    status: 504,
    retryable: false,
    stage: 'upstream',
    message: 'The answer reached its time limit.',
  },
  LOST: { status: 500, retryable: false, stage: 'persist', message: 'The answer was interrupted.' },
  NETWORK: { status: 0, retryable: true, stage: 'request', message: 'No answer from the service.' },
  INTERNAL: { status: 500, retryable: true, stage: 'request', message: 'Something went wrong.' },
} as const satisfies Record<string, ErrorDefinition>;

/** A code of the closed list. */
export type ErrorCode = keyof typeof ERRORS;
