import { describe, expect, it, vi } from 'vitest';
import type { ErrorCode } from '../../protocol/error-codes.ts';
import {
  ChatError,
  ERRORS,
  errorShape,
  isChatError,
  isErrorCode,
  toChatError,
} from '../../protocol/errors.ts';

/** The contract: HTTP status (0: the client library only) and whether the same request can succeed later. */
const CONTRACT: Record<ErrorCode, [status: number, retryable: boolean]> = {
  INVALID_INPUT: [400, false],
  UNAUTHENTICATED: [401, false],
  NOT_FOUND: [404, false],
  METHOD_NOT_ALLOWED: [405, false],
  CONFLICT: [409, false],
  PAYLOAD_TOO_LARGE: [413, false],
  UNSUPPORTED_MEDIA_TYPE: [415, false],
  RATE_LIMITED: [429, true],
  QUOTA_EXCEEDED: [429, false],
  MODEL_NOT_ALLOWED: [400, false],
  CONTEXT_TOO_LONG: [400, false],
  UPSTREAM_RATE_LIMITED: [429, true],
  UPSTREAM_UNAVAILABLE: [503, true],
  UPSTREAM_TIMEOUT: [504, true],
  UPSTREAM_TRUNCATED: [502, true],
  UPSTREAM_REJECTED: [502, false],
  UPSTREAM_AUTH: [500, false],
  DEADLINE: [504, false],
  LOST: [500, false],
  NETWORK: [0, true],
  INTERNAL: [500, true],
};

const codes = Object.keys(CONTRACT) as ErrorCode[];

describe('ERRORS', () => {
  it('is the closed list of the contract', () => {
    expect(Object.keys(ERRORS).sort()).toEqual([...codes].sort());
  });

  it.each(codes)('%s has the status and retryability of the contract', (code) => {
    expect([ERRORS[code].status, ERRORS[code].retryable]).toEqual(CONTRACT[code]);
    expect(['request', 'upstream', 'publish', 'persist']).toContain(ERRORS[code].stage);
  });

  it.each(codes)('%s has a fixed sentence that names no id, code or placeholder', (code) => {
    const { message } = ERRORS[code];

    expect(message).toMatch(/^[A-Z][A-Za-z0-9 ]*\.( [A-Z][A-Za-z ]*\.)?$/);
    expect(message).not.toMatch(/\bids?\b|[A-Z]+_[A-Z]+|[0-9a-f]{8}/);
  });

  it('tells apart nothing that is absent, deleted or foreign', () => {
    expect(ERRORS.NOT_FOUND.message).toBe('Not found.');
  });
});

describe('isErrorCode', () => {
  it('knows every code and nothing else', () => {
    expect(codes.every(isErrorCode)).toBe(true);
    expect(
      [undefined, null, 7, '', 'not_found', 'toString', 'constructor', '__proto__'].some(isErrorCode),
    ).toBe(false);
  });
});

describe('ChatError', () => {
  it('carries what is fixed for its code', () => {
    const error = new ChatError('UPSTREAM_TIMEOUT');

    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({
      name: 'ChatError',
      code: 'UPSTREAM_TIMEOUT',
      message: ERRORS.UPSTREAM_TIMEOUT.message,
      retryable: true,
      stage: 'upstream',
      retryAfterMs: undefined,
      requestId: undefined,
    });
    expect('cause' in error).toBe(false);
  });

  it('carries the details it is given', () => {
    const cause = new Error('socket hang up');
    const error = new ChatError('RATE_LIMITED', {
      retryAfterMs: 900,
      requestId: 'r-1',
      stage: 'publish',
      cause,
    });

    expect(error).toMatchObject({ retryAfterMs: 900, requestId: 'r-1', stage: 'publish', cause });
    expect(error.message).toBe(ERRORS.RATE_LIMITED.message);
  });
});

describe('isChatError', () => {
  it('recognises an error of another copy of the module', async () => {
    vi.resetModules();
    const copy = await import('../../protocol/errors.ts');
    const foreign = new copy.ChatError('CONFLICT');

    expect(copy.ChatError).not.toBe(ChatError);
    expect(foreign).not.toBeInstanceOf(ChatError);
    expect(isChatError(foreign)).toBe(true);
    expect(copy.isChatError(new ChatError('CONFLICT'))).toBe(true);
    expect(toChatError(foreign)).toBe(foreign);
  });

  it.each([
    ['another error', new Error('x')],
    ['a look-alike', { name: 'ChatError', code: 'CONFLICT', message: 'x', retryable: false }],
    ['null', null],
    ['undefined', undefined],
    ['a string', 'CONFLICT'],
  ])('does not take %s for one', (_name, value) => {
    expect(isChatError(value)).toBe(false);
  });
});

describe('toChatError', () => {
  it.each([[new TypeError('secret')], ['secret'], [null], [undefined], [{ code: 'NOT_FOUND' }]])(
    'turns %s into INTERNAL with the original as cause',
    (original) => {
      const error = toChatError(original, 'r-1');

      expect(error).toMatchObject({ code: 'INTERNAL', message: ERRORS.INTERNAL.message, requestId: 'r-1' });
      expect(error.cause).toBe(original);
    },
  );

  it('returns a ChatError as it is, unless it lacks the requestId', () => {
    const cause = new Error('429');
    const bare = new ChatError('UPSTREAM_RATE_LIMITED', { retryAfterMs: 10, stage: 'persist', cause });
    const named = new ChatError('NOT_FOUND', { requestId: 'r-0' });

    expect(toChatError(bare)).toBe(bare);
    expect(toChatError(named, 'r-1')).toBe(named);
    expect(toChatError(bare, 'r-1')).toMatchObject({
      code: 'UPSTREAM_RATE_LIMITED',
      retryAfterMs: 10,
      stage: 'persist',
      requestId: 'r-1',
      cause,
    });
  });
});

describe('errorShape', () => {
  it('has the fields of the schema and no cause', () => {
    const error = new ChatError('INTERNAL', { cause: new Error('secret'), requestId: 'r-1' });

    expect(errorShape(error)).toStrictEqual({
      code: 'INTERNAL',
      message: 'Something went wrong.',
      retryable: true,
      retryAfterMs: null,
      stage: 'request',
      requestId: 'r-1',
    });
    expect(JSON.stringify(errorShape(error))).not.toContain('secret');
  });

  it('keeps the wait and leaves an unknown requestId null', () => {
    expect(errorShape(new ChatError('RATE_LIMITED', { retryAfterMs: 0 }))).toMatchObject({
      retryAfterMs: 0,
      requestId: null,
    });
  });
});
