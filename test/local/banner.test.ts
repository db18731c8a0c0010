import { describe, expect, it } from 'vitest';
import { banner } from '../../local/banner.ts';

function shown(port: number, restApiUrl?: string): string {
  const stack = {
    graphqlUrl: `http://127.0.0.1:${port}/graphql`,
    realtimeUrl: `ws://127.0.0.1:${port}/graphql/realtime`,
    httpUrl: `http://127.0.0.1:${port + 1}`,
    webUrl: `http://127.0.0.1:${port + 2}`,
    playgroundUrl: `http://127.0.0.1:${port}/playground`,
    apiKey: 'da2-local',
    restApiUrl,
  };
  const model = {
    name: 'offline',
    isOffline: true,
    context: { playground: true, models: 'offline' },
    secret: () => '',
  };
  return banner(stack, model, { keepsData: false, reloads: true });
}

describe('banner', () => {
  it('gives a token command that finds the stack as it stands', () => {
    expect(shown(4000)).toContain('  token: npm run -s token -- alice');
    expect(shown(4100)).toContain('  token: CHAT_PORT=4100 npm run -s token -- alice');
  });

  it('names the REST API only where there is one', () => {
    expect(shown(4000)).not.toContain('REST API');
    expect(shown(4000, 'http://127.0.0.1:4003/live')).toContain(
      'HTTP door   http://127.0.0.1:4001\n  REST API    http://127.0.0.1:4003/live\n',
    );
  });
});
