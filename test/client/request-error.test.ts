import { describe, expect, it } from 'vitest';
import { requestError, subscriptionError } from '../../client/request-error.ts';
import { ChatError, isChatError } from '../../protocol/errors.ts';

const answered = (error: object) => ({ data: null, errors: [error] });
const thrownBy = (originalError: object) => answered({ message: 'Unknown error', originalError });

describe('requestError', () => {
  it.each([
    ['a code of ours', answered({ errorType: 'CONFLICT', message: 'x' }), 'CONFLICT'],
    ['a missing token', answered({ errorType: 'UnauthorizedException' }), 'UNAUTHENTICATED'],
    ['a field that is not allowed', answered({ errorType: 'Unauthorized' }), 'UNAUTHENTICATED'],
    [
      'a validation error',
      answered({ message: "Validation error of type FieldUndefined: Field 'x'" }),
      'INVALID_INPUT',
    ],
    ['a bad variable', answered({ message: "Variable 'text' has coerced Null value" }), 'INVALID_INPUT'],
    ['an unknown type', answered({ errorType: 'Lambda:Unhandled', message: 'boom' }), 'INTERNAL'],
    ['401 behind Amplify', thrownBy({ name: 'UnauthorizedException' }), 'UNAUTHENTICATED'],
    ['no network behind Amplify', thrownBy({ name: 'NetworkError' }), 'NETWORK'],
    ['throttling behind Amplify', thrownBy({ name: 'ThrottlingException' }), 'RATE_LIMITED'],
    ['503 behind Amplify', thrownBy({ name: 'UnknownError', response: { statusCode: 503 } }), 'NETWORK'],
    ['500 behind Amplify', thrownBy({ name: 'UnknownError', response: { statusCode: 500 } }), 'INTERNAL'],
    [
      '413 behind Amplify',
      thrownBy({ name: 'UnknownError', response: { statusCode: 413 } }),
      'PAYLOAD_TOO_LARGE',
    ],
    [
      'nobody signed in',
      Object.assign(new Error('No current user'), { name: 'NoSignedUser' }),
      'UNAUTHENTICATED',
    ],
    ['a fetch that failed', new TypeError('fetch failed'), 'NETWORK'],
    ['an own mistake', new Error('boom'), 'INTERNAL'],
    ['nothing at all', undefined, 'INTERNAL'],
  ])('maps %s', (_what, thrown, code) => {
    const error = requestError(thrown);

    expect(isChatError(error)).toBe(true);
    expect(error.code).toBe(code);
    expect(error.cause).toBe(thrown);
  });

  it('keeps retryAfterMs, stage and requestId, and a ChatError as it is', () => {
    const errorInfo = { retryable: true, retryAfterMs: 700, stage: 'persist', requestId: 'r1' };

    expect(requestError(answered({ errorType: 'RATE_LIMITED', errorInfo }))).toMatchObject({
      retryable: true,
      retryAfterMs: 700,
      stage: 'persist',
      requestId: 'r1',
    });
    const own = new ChatError('LOST');
    expect(requestError(own)).toBe(own);
  });

  it.each([
    ['7', 7_000],
    ['0', 0],
    ['soon', undefined],
    [undefined, undefined],
  ])('takes Retry-After %s of an HTTP answer', (header, retryAfterMs) => {
    const response = { statusCode: 429, headers: { 'retry-after': header } };

    expect(requestError(thrownBy({ name: 'UnknownError', response }))).toMatchObject({
      code: 'RATE_LIMITED',
      retryAfterMs,
    });
  });
});

describe('subscriptionError', () => {
  it.each([
    ['Connection failed: UnauthorizedException', 'UNAUTHENTICATED'],
    [
      'Connection failed: {"errors":[{"errorType":"Unauthorized","message":"Not Authorized"}]}',
      'UNAUTHENTICATED',
    ],
    ['Connection failed: {"errors":[{"message":"Token has expired."}]}', 'UNAUTHENTICATED'],
    ['Connection failed: {"errors":{"errorType":"LimitExceededError","message":"Rate"}}', 'RATE_LIMITED'],
    ['Connection failed: {"errors":[{"message":"Validation error of type X"}]}', 'INVALID_INPUT'],
    ['Connection failed: Connection handshake error', 'NETWORK'],
  ])('maps %s', (text, code) => {
    expect(subscriptionError({ errors: [{ message: text }] }).code).toBe(code);
  });
});
