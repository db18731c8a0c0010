import { describe, expect, it } from 'vitest';
import { shellEnvironment } from '../../bench/npm-start.ts';

describe('shellEnvironment', () => {
  it('is that of a shell outside npm, without a model or a port of its own', () => {
    const environment = {
      PATH: '/repository/node_modules/.bin:/usr/bin:/bin',
      HOME: '/home/someone',
      npm_execpath: '/usr/lib/npm-cli.js',
      npm_config_cache: '/tmp/cache',
      INIT_CWD: '/repository',
      NODE_CHANNEL_FD: '3',
      OPENAI_API_KEY: 'key',
      CHAT_PORT: '4000',
    };

    expect(shellEnvironment(environment)).toEqual({ PATH: '/usr/bin:/bin', HOME: '/home/someone' });
  });
});
