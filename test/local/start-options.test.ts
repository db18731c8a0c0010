import { describe, expect, it } from 'vitest';
import { readOptions, UsageError } from '../../local/start-options.ts';

const DEFAULTS = { port: 4_000, host: '127.0.0.1', keepsData: true, isVerbose: false, reloads: true };

describe('readOptions', () => {
  it.each([
    [[], {}, {}],
    [['--port', '5000'], { CHAT_PORT: '6000' }, { port: 5_000 }],
    [[], { CHAT_PORT: '6000' }, { port: 6_000 }],
    [
      ['--host', '::1', '--memory', '--verbose', '--no-watch'],
      {},
      { host: '::1', keepsData: false, isVerbose: true, reloads: false },
    ],
  ])('reads %j with %j', (words, environment, differences) => {
    expect(readOptions(words, environment)).toEqual({ ...DEFAULTS, ...differences });
  });

  it.each([['--port', 'many'], ['--port', '0'], ['--port', '65001'], ['--port'], ['--nonsense'], ['word']])(
    'refuses %s %s',
    (...words) => {
      expect(() => readOptions(words, {})).toThrow(UsageError);
    },
  );
});
