import { CONNECTION_STATE_CHANGE, ConnectionState } from 'aws-amplify/api';
import { Hub } from 'aws-amplify/utils';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ChatAuth } from '../../client/index.ts';
import { createAmplifyTransport, REQUEST_TIMEOUT_MS } from '../../client/amplify-transport.ts';
import { ManualClock, settled } from './manual-clock.ts';

describe('a request over Amplify', () => {
  it('counts as unanswered when the application gives no token in time', async () => {
    const clock = new ManualClock();
    const transport = createAmplifyTransport({
      endpoint: 'http://127.0.0.1:1/graphql',
      auth: { type: 'token', getToken: () => new Promise(() => undefined) },
      clock,
    });
    const failure = transport
      .query('query { conversations { nextToken } }', {})
      .catch((error: unknown) => error);

    await clock.advance(REQUEST_TIMEOUT_MS);

    await expect(Promise.race([failure, Promise.resolve('nothing')])).resolves.toMatchObject({
      code: 'NETWORK',
    });
  });
});

describe('a subscription over Amplify', () => {
  it.each([
    ConnectionState.ConnectedPendingNetwork,
    ConnectionState.ConnectionDisrupted,
    ConnectionState.ConnectionDisruptedPendingNetwork,
    ConnectionState.Disconnected,
  ])('is lost when Amplify tells %s, until it is ended', async (connectionState) => {
    const transport = createAmplifyTransport({
      endpoint: 'http://127.0.0.1:1/graphql',
      auth: { type: 'apiKey', apiKey: 'key' },
      clock: new ManualClock(),
    });
    const lost: string[] = [];
    const end = transport.subscribe(
      'subscription { onTokens { seq } }',
      {},
      {
        onAck: () => undefined,
        onBatch: () => undefined,
        onLost: ({ code }) => lost.push(code),
      },
    );
    onTestFinished(end);
    await settled();
    const tell = (state: ConnectionState) =>
      Hub.dispatch('api', { event: CONNECTION_STATE_CHANGE, data: { connectionState: state } });
    lost.length = 0;

    tell(ConnectionState.Connected);
    tell(ConnectionState.ConnectedPendingKeepAlive);
    expect(lost).toEqual([]);
    tell(connectionState);
    expect(lost).toEqual(['NETWORK']);
    end();
    tell(connectionState);

    expect(lost).toEqual(['NETWORK']);
  });
});

describe('the identity of a transport', () => {
  const token = (claims: object) => `head.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.sign`;
  const identity = (auth: ChatAuth) =>
    createAmplifyTransport({
      endpoint: 'http://127.0.0.1:1/graphql',
      auth,
      clock: new ManualClock(),
    }).identity?.();

  it('names the service and the user, and holds neither key nor token', async () => {
    const getToken = () => Promise.resolve(token({ sub: 'alice', name: '???>>>Zürich' }));

    expect(await identity({ type: 'apiKey', apiKey: 'da2-secret' })).toBe('HTTP://127.0.0.1:1/graphql key');
    expect(await identity({ type: 'token', getToken })).toBe('HTTP://127.0.0.1:1/graphql alice');
    expect(await identity({ type: 'token', getToken, user: 'bob' })).toBe('HTTP://127.0.0.1:1/graphql bob');
  });

  it('is none when nobody is known', async () => {
    const getToken = () => Promise.resolve(token({}));

    expect(await identity({ type: 'token', getToken })).toBeUndefined();
    expect(await identity({ type: 'amplify' })).toBeUndefined();
    await expect(identity({ type: 'token', getToken: () => Promise.resolve('rubbish') })).rejects.toThrow();
  });
});
