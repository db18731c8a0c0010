/** The one error type of the service and its client. */
import { ERRORS, type ErrorCode, type ErrorStage } from './error-codes.ts';
import type { ChatError as ChatErrorShape } from './generated/schema-types.ts';

export { ERRORS, type ErrorCode, type ErrorStage } from './error-codes.ts';

const MARK = Symbol.for('appsync-chat.ChatError');

/** What an error may carry besides its code. */
export interface ChatErrorDetails {
  /** How long to wait before a repeat, in milliseconds. */
  retryAfterMs?: number | undefined;
  /** Identifies the log line that holds the cause. */
  requestId?: string | undefined;
  /** Overrides the stage that is fixed for the code. */
  stage?: ErrorStage | undefined;
  /** The original error: for logs alone, it never leaves the service. */
  cause?: unknown;
}

/**
 * An error of the closed list. `message` is the code's fixed text, so it is safe to show; everything specific is in
 * `code` and the details. Recognise it with `isChatError`, not `instanceof`: bundles may hold two copies of this class.
 */
export class ChatError extends Error {
  override readonly name = 'ChatError';
  readonly code: ErrorCode;
  readonly retryable: boolean;
  readonly retryAfterMs: number | undefined;
  readonly requestId: string | undefined;
  readonly stage: ErrorStage;
  readonly [MARK] = true;

  constructor(code: ErrorCode, details: ChatErrorDetails = {}) {
    super(ERRORS[code].message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.retryable = ERRORS[code].retryable;
    this.retryAfterMs = details.retryAfterMs;
    this.requestId = details.requestId;
    this.stage = details.stage ?? ERRORS[code].stage;
  }
}

/** Whether a value is a ChatError, also one of another copy of this module. */
export function isChatError(value: unknown): value is ChatError {
  return typeof value === 'object' && value !== null && MARK in value;
}

/** Whether a string is a code of the closed list. */
export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(ERRORS, value);
}

/** The error itself when it is a ChatError, else INTERNAL with the original as `cause`; fills in a missing `requestId`. */
export function toChatError(error: unknown, requestId?: string): ChatError {
  if (!isChatError(error)) return new ChatError('INTERNAL', { cause: error, requestId });
  if (error.requestId !== undefined || requestId === undefined) return error;
  return new ChatError(error.code, {
    retryAfterMs: error.retryAfterMs,
    stage: error.stage,
    cause: error.cause,
    requestId,
  });
}

/** The wire shape of an error: GenerationEnd.error and, with its code, every door's error body. Carries no cause. */
export function errorShape(error: ChatError): ChatErrorShape {
  return {
    code: error.code,
    message: error.message,
    retryable: error.retryable,
    retryAfterMs: error.retryAfterMs ?? null,
    stage: error.stage,
    requestId: error.requestId ?? null,
  };
}
