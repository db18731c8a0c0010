import { describe, expect, it } from 'vitest';
import { ConfigError, fetchConfig, parseConfig } from '../../../client/app/config.ts';

const endpoint = 'http://127.0.0.1:4000/graphql';

describe('the settings', () => {
  it('are what the local stack serves', () => {
    const served = {
      endpoint,
      apiKey: 'da2-local',
      tokenUrl: 'http://127.0.0.1:4000/local/token',
      model: { name: 'offline', isOffline: true },
      playgroundUrl: 'http://127.0.0.1:4000/playground',
    };
    expect(parseConfig({ ...served, later: 'ignored' })).toEqual(served);
  });

  it('may be an endpoint alone', () => {
    expect(parseConfig({ endpoint })).toEqual({ endpoint });
  });

  it('may be Amplify outputs', () => {
    expect(parseConfig({ version: '1.4', data: { url: endpoint, api_key: 'da2-x' } })).toEqual({
      endpoint,
      apiKey: 'da2-x',
    });
  });

  it.each([{}, null, 'x', { endpoint: 'nowhere' }, { endpoint: 'javascript:alert(1)' }, { data: {} }])(
    'are refused without an endpoint: %j',
    (json) => {
      expect(() => parseConfig(json)).toThrow(ConfigError);
    },
  );

  it.each([
    ['another status', () => new Response('{}', { status: 500 })],
    ['no JSON', () => new Response('<!doctype html>')],
  ])('are refused for %s', async (_name, answer) => {
    await expect(fetchConfig(() => Promise.resolve(answer()))).rejects.toThrow(ConfigError);
  });

  it('are read anew every time', async () => {
    const asked: unknown[] = [];
    await fetchConfig((input, init) => {
      asked.push([input, init?.cache]);
      return Promise.resolve(Response.json({ endpoint }));
    });
    expect(asked).toEqual([['/config.json', 'no-store']]);
  });
});
