import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { publish, startApi } from './api-fixture.ts';
import { base64Url, connect, keyHeader, ON_BATCH, startMessage, subscribe } from './raw-client.ts';
import type { RunningApi } from './api-fixture.ts';
import { sign } from './signed-request.ts';

let api: RunningApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());

const base64 = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64');
const unauthorized = {
  errorType: 'UnauthorizedException',
  message: 'You are not authorized to make this call.',
};

describe('a real-time session', () => {
  it('goes through init, start, data, stop and an id used again', async () => {
    const client = await connect(api);
    expect(client.socket.protocol).toBe('graphql-ws');
    client.send({ type: 'connection_init' });
    expect(await client.next()).toEqual({
      type: 'connection_ack',
      payload: { connectionTimeoutMs: 300_000 },
    });
    client.send(startMessage(api, 'a', ON_BATCH, { c: 'session' }));
    expect(await client.next()).toEqual({ type: 'start_ack', id: 'a' });
    await publish(api, { conversationId: 'session', seq: 1, text: 'one' });
    await publish(api, { conversationId: 'elsewhere', seq: 1, text: 'not for us' });
    await publish(api, { conversationId: 'session', seq: 2, text: 'two' });
    const data = (seq: number, text: string) => ({
      id: 'a',
      type: 'data',
      payload: { data: { onBatch: { conversationId: 'session', seq, text } } },
    });
    expect(await client.next()).toEqual(data(1, 'one'));
    expect(await client.next()).toEqual(data(2, 'two'));
    client.send({ id: 'a', type: 'stop' });
    expect(await client.next()).toEqual({ id: 'a', type: 'complete' });
    await publish(api, { conversationId: 'session', seq: 3, text: 'nobody listens' });
    client.send(startMessage(api, 'a', ON_BATCH, { c: 'session' }));
    expect(await client.next()).toEqual({ type: 'start_ack', id: 'a' });
    client.socket.close();
    await client.closed;
  });

  it('starts without connection_init', async () => {
    const client = await subscribe(api, 'no-init');
    client.socket.close();
  });

  it('accepts the header in the query string, in the sub-protocol and as HTTP headers, on both paths', async () => {
    const query = `?header=${encodeURIComponent(base64(keyHeader(api)))}&payload=e30=`;
    const ways = [
      { url: api.wsUrl + query, protocols: ['graphql-ws'] },
      { url: api.wsUrl, protocols: ['graphql-ws', `header-${base64Url(keyHeader(api))}`] },
      { url: api.wsUrl, protocols: ['graphql-ws'], headers: { 'x-api-key': 'da2-local' } },
    ];
    for (const way of ways.flatMap((one) => [one, { ...one, url: one.url.replace('/realtime', '') }])) {
      const client = await connect(api, way);
      client.send({ type: 'connection_init' });
      expect((await client.next()).type).toBe('connection_ack');
      client.socket.close();
    }
  });

  it('carries several subscriptions with different credentials', async () => {
    const client = await connect(api);
    client.send(startMessage(api, 'key', ON_BATCH, { c: 'mixed' }));
    client.send(
      startMessage(api, 'user', ON_BATCH, { c: 'mixed' }, { host: api.host, Authorization: 'user:alice' }),
    );
    expect([(await client.next()).id, (await client.next()).id].sort()).toEqual(['key', 'user']);
    await publish(api, { conversationId: 'mixed', seq: 1, text: 't' });
    expect([(await client.next()).id, (await client.next()).id].sort()).toEqual(['key', 'user']);
    client.socket.close();
  });

  it('verifies a signed connection and a signed start', async () => {
    const connectHeader = await sign(api, 'stranger', '{}', '/graphql/connect');
    const client = await connect(api, { protocols: ['graphql-ws', `header-${base64Url(connectHeader)}`] });
    client.send({ type: 'connection_init' });
    expect((await client.next()).type).toBe('connection_ack');
    const data = JSON.stringify({ query: ON_BATCH, variables: { c: 'signed' } });
    const authorization = await sign(api, 'stranger', data);
    client.send({ id: 'iam', type: 'start', payload: { data, extensions: { authorization } } });
    const refused = await client.next();
    expect(refused).toMatchObject({
      id: 'iam',
      type: 'error',
      payload: { errors: [{ errorType: 'Unauthorized' }] },
    });
    expect(JSON.stringify(refused)).toContain('types/Subscription/fields/onBatch');
    client.socket.close();
  });

  it('sends ka at its interval and ends the connection after its lifetime', async () => {
    const quick = await startApi({ times: { keepAliveEveryMs: 20, maxConnectionMs: 1_000 } });
    const client = await connect(quick);
    expect(await client.next()).toEqual({ type: 'ka' });
    expect(await client.next()).toEqual({ type: 'ka' });
    expect(await client.closed).toBe(1001);
    await expect.poll(() => quick.appSync.counters().openConnections).toBe(0);
    await quick.stop();
  });
});

describe('a refused connection', () => {
  it.each([
    ['a wrong key', { 'x-api-key': 'da2-wrong' }, { ...unauthorized, errorCode: 401 }],
    [
      'no credential',
      {},
      {
        errorType: 'UnauthorizedException',
        message: 'Valid authorization header not provided.',
        errorCode: 401,
      },
    ],
    [
      'an expired token',
      { Authorization: 'expired.a.b' },
      { errorType: 'UnauthorizedException', message: 'Token has expired.', errorCode: 401 },
    ],
  ])('is told about %s, then closed', async (_, header, error) => {
    const value = base64Url({ host: api.host, ...header });
    const client = await connect(api, { protocols: ['graphql-ws', `header-${value}`] });
    client.send({ type: 'connection_init' });
    expect(await client.next()).toEqual({ type: 'connection_error', payload: { errors: [error] } });
    expect(await client.closed).toBe(1008);
  });

  it('is told without having spoken', async () => {
    const client = await connect(api, { protocols: ['graphql-ws'] });
    expect((await client.next()).type).toBe('connection_error');
  });

  it.each([
    ['another host', () => ({ host: 'elsewhere.example', 'x-api-key': 'da2-local' }), 'host'],
    ['no host', () => ({ 'x-api-key': 'da2-local' }), 'host'],
  ])('follows from %s in the header', async (_, header, word) => {
    const client = await connect(api, { protocols: ['graphql-ws', `header-${base64Url(header())}`] });
    const error = (await client.next()).payload?.['errors'] as Record<string, unknown>[];
    expect(error[0]).toMatchObject({ errorType: 'BadRequestException', errorCode: 400 });
    expect(error[0]?.['message']).toContain(word);
  });

  it('follows from a header that is no JSON and from a payload that is not {}', async () => {
    const garbled = await connect(api, { protocols: ['graphql-ws', 'header-AAAA'] });
    expect((await garbled.next()).type).toBe('connection_error');
    const header = encodeURIComponent(base64(keyHeader(api)));
    const payload = await connect(api, { url: `${api.wsUrl}?header=${header}`, protocols: ['graphql-ws'] });
    expect((await payload.next()).type).toBe('connection_error');
  });

  it('follows from a client that does not offer graphql-ws', async () => {
    const socket = new WebSocket(api.wsUrl, { headers: { 'x-api-key': 'da2-local' } });
    const message = await new Promise<Buffer>((resolve, reject) => {
      socket.on('message', resolve);
      socket.on('error', reject);
    });
    expect(JSON.parse(message.toString())).toMatchObject({
      type: 'connection_error',
      payload: { errors: [{ errorType: 'NoProtocolError', errorCode: 400 }] },
    });
  });

  it('leaves upgrades on other paths alone', async () => {
    const socket = new WebSocket(api.wsUrl.replace('/graphql/realtime', '/elsewhere'), ['graphql-ws']);
    await expect(new Promise((_, reject) => socket.on('error', reject))).rejects.toThrow();
  });
});

describe('a refused start', () => {
  const errorOf = async (message: object): Promise<unknown> => {
    const client = await connect(api);
    client.send(message);
    const answer = await client.next();
    client.socket.close();
    return answer;
  };

  it.each([
    [
      'a validation error',
      'subscription { onBatch(conversationId: "c") { nope } }',
      {},
      {
        message:
          "Validation error of type FieldUndefined: Field 'nope' in type 'Batch' is undefined @ 'onBatch/nope'",
      },
    ],
    [
      'a null variable',
      ON_BATCH,
      {},
      { message: "Variable 'c' has coerced Null value for NonNull type 'ID!'" },
    ],
    [
      'a query',
      '{ raises }',
      {},
      { errorType: 'UnsupportedOperation', message: 'query not supported through the realtime channel' },
    ],
    [
      'a field of another mode',
      'subscription { onOwned { seq } }',
      {},
      { errorType: 'Unauthorized', message: 'Not Authorized to access onOwned on type Subscription' },
    ],
    [
      'util.unauthorized in its resolver',
      'subscription { onGuarded(conversationId: "foreign") { seq } }',
      {},
      { errorType: 'Unauthorized', message: 'Not Authorized to access onGuarded on type Subscription' },
    ],
    [
      'a filter over the limits',
      'subscription { onGuarded(conversationId: "wide") { seq } }',
      {},
      {
        errorType: 'BadRequestException',
        message: 'subscription exceeds maximum value limit 5 for operator `in`.',
        errorCode: 400,
      },
    ],
    [
      'unparsable GraphQL',
      'subscription {',
      {},
      {
        errorType: 'MalformedHttpRequestException',
        message: 'Unable to parse GraphQL query.',
        errorCode: 400,
      },
    ],
  ])('answers %s', async (_, query, variables, error) => {
    expect(await errorOf(startMessage(api, 'x', query, variables))).toEqual({
      id: 'x',
      type: 'error',
      payload: { errors: [error] },
    });
  });

  it('authorises anew', async () => {
    const wrong = { host: api.host, 'x-api-key': 'da2-wrong' };
    expect(await errorOf(startMessage(api, 'x', ON_BATCH, { c: 'c' }, wrong))).toEqual({
      id: 'x',
      type: 'error',
      payload: { errors: [{ ...unauthorized, errorCode: 401 }] },
    });
    const data = JSON.stringify({ query: ON_BATCH, variables: { c: 'c' } });
    expect(await errorOf({ id: 'x', type: 'start', payload: { data } })).toMatchObject({
      payload: { errors: [{ errorType: 'UnauthorizedException' }] },
    });
  });

  it.each([
    ['a query beside data', { id: 'x', type: 'start', payload: { query: ON_BATCH } }],
    ['an unknown type', { id: 'x', type: 'subscribe' }],
    ['no id', { type: 'start', payload: { data: '{}' } }],
  ])('answers a wrong envelope: %s', async (_, message) => {
    expect(await errorOf(message)).toEqual({
      id: '',
      type: 'error',
      payload: {
        errors: [
          {
            errorType: 'UnsupportedOperation',
            message: 'unknown not supported through the realtime channel',
          },
        ],
      },
    });
  });

  it('answers a duplicate id and leaves the first subscription running', async () => {
    const client = await subscribe(api, 'twice');
    client.send(startMessage(api, 's1', ON_BATCH, { c: 'other' }));
    expect(await client.next()).toMatchObject({
      id: 's1',
      type: 'error',
      payload: { errors: [{ errorType: 'DuplicatedOperationError' }] },
    });
    await publish(api, { conversationId: 'twice', seq: 1, text: 't' });
    expect((await client.next()).type).toBe('data');
    client.socket.close();
  });

  it('answers the 201st subscription of a connection', async () => {
    const client = await connect(api);
    for (let n = 0; n <= 200; n += 1) client.send(startMessage(api, `n${n}`, ON_BATCH, { c: 'many' }));
    const types = [];
    for (let n = 0; n <= 200; n += 1) types.push(await client.next());
    expect(types.filter((message) => message.type === 'start_ack')).toHaveLength(200);
    expect(types.find((message) => message.type === 'error')).toEqual({
      id: 'n200',
      type: 'error',
      payload: {
        errors: [
          { errorType: 'MaxSubscriptionsReachedError', message: 'Max number of 200 subscriptions reached' },
        ],
      },
    });
    client.socket.close();
    await client.closed;
  });
});
