import OpenAI from 'openai';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { describe as described, logLine } from '../../../functions/service/log-line.ts';
import { ChatError } from '../../../protocol/errors.ts';

describe('describe', () => {
  it('names an error, its message and its causes', () => {
    const error = new ChatError('INTERNAL', { cause: new TypeError('no table', { cause: 'text' }) });

    expect(described(error)).toEqual({
      error: 'ChatError',
      message: 'Something went wrong.',
      cause: { error: 'TypeError', message: 'no table', cause: { error: 'string' } },
    });
  });

  it.each([
    [
      'a model',
      OpenAI.APIError.generate(
        400,
        { message: 'you said: secret', code: 'bad', type: 'invalid' },
        undefined,
        new Headers(),
      ),
    ],
    [
      'a model within a stream',
      new OpenAI.APIError(
        undefined,
        { message: 'secret', code: 'bad', type: 'invalid' },
        undefined,
        new Headers(),
      ),
    ],
    ['a parser', new SyntaxError('Unexpected token \'s\', "secret" is not valid JSON')],
  ])('leaves out the words of %s, which may quote a text', (_name, error) => {
    expect(JSON.stringify(described(new ChatError('UPSTREAM_REJECTED', { cause: error })))).not.toContain(
      'secret',
    );
  });

  it('keeps status, code and type of a model error', () => {
    const error = OpenAI.APIError.generate(
      400,
      { error: { message: 'm', code: 'bad', type: 'invalid' } },
      undefined,
      new Headers(),
    );

    expect(described(error)).toMatchObject({ status: 400, code: 'bad', type: 'invalid' });
  });
});

describe('logLine', () => {
  afterEach(() => void vi.restoreAllMocks());

  it('writes one JSON line with the request id, errors to stderr', () => {
    const out = vi.spyOn(console, 'log').mockReturnValue();
    const err = vi.spyOn(console, 'error').mockReturnValue();
    logLine('r1')('info', 'settle', { outcome: 'settled' });
    logLine('r1')('error', 'http.failed');

    expect(out.mock.calls).toEqual([
      ['{"level":"info","requestId":"r1","event":"settle","outcome":"settled"}'],
    ]);
    expect(err.mock.calls).toEqual([['{"level":"error","requestId":"r1","event":"http.failed"}']]);
  });
});
