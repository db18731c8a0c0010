import { expect } from 'vitest';
import { withoutEffect } from './no-effect.ts';
import type { LocalTarget } from './target.ts';

/** What every error has before the first byte. */
export interface ErrorBody {
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly retryable: boolean;
    readonly retryAfterMs: number | null;
    readonly requestId: string;
  };
}

/** Asks the HTTP door without effect, and checks the one shape that every error has before the first byte. */
export function refusals(target: () => LocalTarget) {
  return async (path: string, init: RequestInit, status: number, code: string): Promise<ErrorBody> => {
    const answer = await withoutEffect(target().stack, () => fetch(`${target().httpUrl}${path}`, init));
    const body = (await answer.json()) as ErrorBody;
    expect({ status: answer.status, code: body.error.code }).toEqual({ status, code });
    expect(body).toEqual({
      error: {
        code,
        message: expect.any(String) as string,
        retryable: false,
        retryAfterMs: null,
        requestId: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
      },
    });
    expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(answer.headers.get('x-request-id')).toBe(body.error.requestId);
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    return body;
  };
}
