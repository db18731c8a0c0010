import { describe, expect, it } from 'vitest';
import { reachable } from '../../local/reachable.ts';

describe('reachable', () => {
  it.each([
    ['http://127.0.0.1:4000/graphql', 'laptop.lan:4002', 'http://127.0.0.1:4000/graphql'],
    ['http://192.168.1.5:4000/graphql', 'laptop.lan:4002', 'http://192.168.1.5:4000/graphql'],
    ['http://0.0.0.0:4000/graphql', 'laptop.lan:4002', 'http://laptop.lan:4000/graphql'],
    ['ws://0.0.0.0:4000/graphql/realtime', '127.0.0.1', 'ws://127.0.0.1:4000/graphql/realtime'],
    ['http://[::]:4000/graphql', '[fe80::1]:4002', 'http://[fe80::1]:4000/graphql'],
    ['http://0.0.0.0:4000/graphql', undefined, 'http://0.0.0.0:4000/graphql'],
    ['http://0.0.0.0:4000/graphql', "x' https://elsewhere", 'http://0.0.0.0:4000/graphql'],
  ])('spells %s for a request to %s as %s', (url, host, expected) => {
    expect(reachable(url, { headers: { host } })).toBe(expected);
  });
});
