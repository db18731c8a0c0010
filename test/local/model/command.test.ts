import { describe, expect, it } from 'vitest';
import { MAX_TOKENS, parseCommand } from '../../../local/model/command.ts';

describe('parseCommand', () => {
  it.each([
    ['/echo hello', { kind: 'echo', text: 'hello' }],
    ['  /echo a  b \n', { kind: 'echo', text: 'a  b \n' }],
    ['/echo\n# Title\n\n- 👩‍👩‍👧', { kind: 'echo', text: '# Title\n\n- 👩‍👩‍👧' }],
    ['/echo /tokens 5', { kind: 'echo', text: '/tokens 5' }],
    ['/tokens 5', { kind: 'tokens', count: 5, ending: 'complete' }],
    [' /tokens  5  2.5 ', { kind: 'tokens', count: 5, tokensPerSecond: 2.5, ending: 'complete' }],
    ['/tokens 0', { kind: 'tokens', count: 0, ending: 'complete' }],
    [
      `/tokens ${MAX_TOKENS} 10000`,
      { kind: 'tokens', count: 10_000, tokensPerSecond: 10_000, ending: 'complete' },
    ],
    ['/slow', { kind: 'slow', tokensPerSecond: 5 }],
    ['/error 503', { kind: 'error', status: 503 }],
    ['/call now {"zone": "UTC"} ', { kind: 'call', tool: 'now', arguments: '{"zone": "UTC"}' }],
    ['/cut 3', { kind: 'tokens', count: 3, ending: 'cut' }],
    ['/truncate 3', { kind: 'tokens', count: 3, ending: 'truncate' }],
    ['/stall 0', { kind: 'tokens', count: 0, ending: 'stall' }],
  ])('reads %j', (message, command) => {
    expect(parseCommand(message)).toEqual(command);
  });

  it.each([
    'hello',
    'please /tokens 5',
    '/tokens5',
    '/Tokens 5',
    '/unknown 5',
    '/slow down please',
    '',
    '/',
    'a\n/echo b',
  ])('takes %j for a prompt', (message) => {
    expect(parseCommand(message)).toBeUndefined();
  });

  it.each([
    '/echo',
    '/echo ',
    '/tokens',
    '/tokens -1',
    '/tokens x',
    '/tokens 1.5',
    '/tokens 10001',
    '/tokens 1e9',
    '/tokens 99999999999999999999',
    '/tokens 5 0',
    '/tokens 5 -2',
    '/tokens 5 fast',
    '/tokens 5 10001',
    '/tokens 5 5 5',
    '/error',
    '/error 200',
    '/error 399',
    '/error 600',
    '/error 4000',
    '/error 500 now',
    '/call',
    '/call now',
    '/call now {"zone"',
    '/call now [1]',
    '/cut',
    '/cut -1',
    '/cut 3 4',
    '/truncate many',
    '/stall 10001',
  ])('says what was expected instead of %j', (message) => {
    const command = parseCommand(message);

    const name = message.trim().split(/\s/)[0];
    expect(command).toEqual({ kind: 'invalid', expected: expect.stringContaining(`\`${name} `) as unknown });
  });
});
