import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { DOCUMENTS, type Credential } from './graphql.ts';
import { openFeed, RealtimeClient, type HeaderTransport, type RealtimeMessage } from './realtime-client.ts';
import { expectGapless, sendText, storedMessage } from './streamed-answer.ts';
import { useTarget } from './target.ts';

const target = useTarget();

const credentials: [string, () => Promise<Credential>][] = [
  ['an API key', () => Promise.resolve({ apiKey: target().apiKey })],
  ['a token', async () => ({ token: await target().token('alice') })],
];
const TRANSPORTS: HeaderTransport[] = ['query', 'sub-protocol', 'http-headers'];

const isType = (type: string) => (message: RealtimeMessage) => message.type === type;

/** The errors of the answer to a start that is refused. */
async function refusedStart(
  client: RealtimeClient,
  credential: Credential,
  query: string,
  variables: Record<string, unknown>,
) {
  const id = randomUUID();
  client.start(id, credential, query, variables);
  const answer = await client.answerTo(id);
  expect(answer.type).toBe('error');
  return answer.payload?.errors;
}

describe.each(credentials)('the real-time endpoint with %s', (_name, credentialOf) => {
  it.each(TRANSPORTS)(
    'takes the authorization from the %s and acknowledges the connection',
    async (transport) => {
      const client = await RealtimeClient.open(target(), await credentialOf(), transport);
      expect(client.subProtocol).toBe('graphql-ws');
      client.send({ type: 'connection_init' });

      expect(await client.messages.first(isType('connection_ack'), 'connection_ack')).toEqual({
        type: 'connection_ack',
        payload: { connectionTimeoutMs: 300_000 },
      });
    },
  );

  it('delivers an answer without connection_init and completes a stopped subscription', async () => {
    const credential = await credentialOf();
    const conversationId = randomUUID();
    const client = await RealtimeClient.open(target(), credential);
    const feed = await client.subscribe(credential, { conversationId });
    const { assistantMessage, userMessage } = await sendText(target(), credential, 'hello', conversationId);
    await feed.end(assistantMessage.id);

    const text = expectGapless(feed.batches.items);
    const stored = await storedMessage(target(), credential, conversationId, assistantMessage.id);
    expect(stored.text).toBe(text);
    expect(text).not.toBe('');
    for (const batch of feed.batches.items)
      expect(batch).toMatchObject({ conversationId, userMessageId: userMessage.id, part: 'TEXT' });

    await client.stop(feed.id);
    const received = feed.batches.items.length;
    const other = await client.subscribe(credential, { conversationId });
    const next = await sendText(target(), credential, 'again', conversationId);
    await other.end(next.assistantMessage.id);
    expect(feed.batches.items.length).toBe(received);
  });

  it('delivers one message alone to a subscription that names it, and all of them for an explicit null', async () => {
    const credential = await credentialOf();
    const conversationId = randomUUID();
    const all = await openFeed(target(), credential, { conversationId, messageId: null });
    const first = await sendText(target(), credential, 'one', conversationId);
    const named = await openFeed(target(), credential, {
      conversationId,
      messageId: first.assistantMessage.id,
    });
    await all.end(first.assistantMessage.id);
    const second = await sendText(target(), credential, 'two', conversationId);
    await all.end(second.assistantMessage.id);
    await named.drained();

    const ids = (feed: typeof all) => new Set(feed.batches.items.map(({ messageId }) => messageId));
    expect(ids(all)).toEqual(new Set([first.assistantMessage.id, second.assistantMessage.id]));
    expect(ids(named)).not.toContain(second.assistantMessage.id);
  });

  it('selects for each subscriber what it asked for', async () => {
    const credential = await credentialOf();
    const conversationId = randomUUID();
    const client = await RealtimeClient.open(target(), credential);
    const feed = await client.subscribe(
      credential,
      { conversationId },
      'subscription Small($conversationId: ID!) { onTokens(conversationId: $conversationId) { kind seq end { length } } }',
    );
    await sendText(target(), credential, 'hello', conversationId);
    const end = await feed.end();

    expect(Object.keys(end)).toEqual(['kind', 'seq', 'end']);
    expect(Object.keys(end.end ?? {})).toEqual(['length']);
  });

  it.each([
    ['empty', ''],
    ['65 characters long', 'a'.repeat(65)],
    ['of other characters', 'a b'],
    ['with a key separator', 'a#b'],
  ])('refuses ids that are %s, typed, and goes on', async (_case, id) => {
    const credential = await credentialOf();
    const client = await RealtimeClient.open(target(), credential);
    const invalid = [{ errorType: 'INVALID_INPUT', message: 'The request is not valid.' }];

    const conversation = { conversationId: id };
    expect(await refusedStart(client, credential, DOCUMENTS.onConversation, conversation)).toMatchObject(
      invalid,
    );
    const message = { conversationId: randomUUID(), messageId: id };
    expect(await refusedStart(client, credential, DOCUMENTS.onTokens, message)).toMatchObject(invalid);
    await client.subscribe(credential, { conversationId: randomUUID() });
  });

  it('refuses a second start of a running id and leaves the first alone', async () => {
    const credential = await credentialOf();
    const conversationId = randomUUID();
    const client = await RealtimeClient.open(target(), credential);
    const feed = await client.subscribe(credential, { conversationId });
    client.start(feed.id, credential, DOCUMENTS.onConversation, { conversationId });
    const error = await client.messages.first(isType('error'), 'error');

    expect(error).toMatchObject({
      id: feed.id,
      payload: { errors: [{ errorType: 'DuplicatedOperationError' }] },
    });
    const { assistantMessage } = await sendText(target(), credential, 'hello', conversationId);
    await feed.end(assistantMessage.id);
    expectGapless(feed.batches.items);
  });

  it('takes an id again once its subscription was stopped', async () => {
    const credential = await credentialOf();
    const client = await RealtimeClient.open(target(), credential);
    const id = randomUUID();
    const starts = () => client.messages.items.filter(isType('start_ack')).length;
    client.start(id, credential, DOCUMENTS.onConversation, { conversationId: randomUUID() });
    await client.answerTo(id);
    await client.stop(id);
    client.start(id, credential, DOCUMENTS.onConversation, { conversationId: randomUUID() });

    await client.messages.when(() => starts() === 2, 'the second start_ack');
  });

  it.each([
    ['an unknown field', 'subscription { onTokens(conversationId: "a") { nothing } }', /FieldUndefined/],
    ['a missing argument', 'subscription { onTokens { seq } }', /MissingFieldArgument/],
    ['a query', 'query { conversations { nextToken } }', /query not supported through the realtime channel/],
    ['no GraphQL', 'subscription {', /./],
  ])('refuses %s in a start', async (_case, query, message) => {
    const credential = await credentialOf();
    const client = await RealtimeClient.open(target(), credential);

    expect(await refusedStart(client, credential, query, {})).toMatchObject([
      { message: expect.stringMatching(message) as string },
    ]);
  });
});

describe('a real-time connection that is not authorized', () => {
  const bad: [string, Credential][] = [
    ['a garbage token', { token: 'garbage' }],
    ['a token of another issuer', { token: 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSJ9.' }],
    ['a wrong API key', { apiKey: 'da2-wrong' }],
    ['no credential', {}],
  ];

  it.each(bad)('gets connection_error for %s and is closed', async (_name, credential) => {
    const client = await RealtimeClient.open(target(), credential);
    client.send({ type: 'connection_init' });
    const error = await client.messages.first(isType('connection_error'), 'connection_error');
    await client.closed;

    expect(error.payload?.errors).toMatchObject([{ errorType: 'UnauthorizedException', errorCode: 401 }]);
    expect(client.messages.items).toEqual([error]);
  });

  it.each(bad)('gets an error for a start with %s, and the socket stays', async (_name, credential) => {
    const good = { apiKey: target().apiKey };
    const client = await RealtimeClient.open(target(), good);
    const variables = { conversationId: randomUUID() };

    expect(await refusedStart(client, credential, DOCUMENTS.onConversation, variables)).toMatchObject([
      { errorType: 'UnauthorizedException' },
    ]);
    await client.subscribe(good, variables);
  });

  it.each([
    ['a message that is no JSON', 'nonsense'],
    ['an unknown type', { type: 'subscribe', id: '1', payload: {} }],
    ['a start without data', { type: 'start', id: '1', payload: { query: 'subscription { onTokens }' } }],
  ])('gets UnsupportedOperation for %s, and the socket stays', async (_name, message) => {
    const credential = { apiKey: target().apiKey };
    const client = await RealtimeClient.open(target(), credential);
    client.send(message);

    expect((await client.messages.first(isType('error'), 'error')).payload?.errors).toMatchObject([
      { errorType: 'UnsupportedOperation' },
    ]);
    await client.subscribe(credential, { conversationId: randomUUID() });
  });
});
