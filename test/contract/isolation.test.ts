import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { DOCUMENTS, graphql, type Credential, type WireError } from './graphql.ts';
import { openFeed } from './realtime-client.ts';
import { expectGapless, sendText, storedMessage } from './streamed-answer.ts';
import { useLocalTarget } from './target.ts';

const target = useLocalTarget();

let alice: Credential;
let bob: Credential;
let conversationId: string;
let messageId: string;

beforeAll(async () => {
  alice = { token: await target().token('alice') };
  bob = { token: await target().token('bob') };
  conversationId = randomUUID();
  const sent = await sendText(target(), alice, '/echo the secret', conversationId);
  messageId = sent.assistantMessage.id;
  const status = async () => (await storedMessage(target(), alice, conversationId, messageId)).status;
  await vi.waitFor(async () => expect(await status()).toBe('COMPLETE'), { timeout: 15_000, interval: 50 });
});

/** What an error says, without what differs between two equal requests. */
function comparable(errors: WireError[] | undefined): unknown {
  return errors?.map(({ message, errorType, errorInfo }) => ({ message, errorType, errorInfo }));
}

type Ids = { conversationId: string; messageId: string };

const REQUESTS: [string, (ids: Ids) => [string, Record<string, unknown>]][] = [
  ['conversation', (ids) => [DOCUMENTS.conversation, { id: ids.conversationId }]],
  ['messages', (ids) => [DOCUMENTS.messages, { conversationId: ids.conversationId }]],
  ['messageState', (ids) => [DOCUMENTS.state, ids]],
  ['cancelMessage', (ids) => [DOCUMENTS.cancel, ids]],
  ['continueMessage', (ids) => [DOCUMENTS.continue, ids]],
  [
    'regenerateMessage',
    (ids) => [DOCUMENTS.regenerate, { input: { ...ids, clientMessageId: randomUUID() } }],
  ],
  ['renameConversation', (ids) => [DOCUMENTS.rename, { id: ids.conversationId, title: 'mine' }]],
  ['deleteConversation', (ids) => [DOCUMENTS.delete, { id: ids.conversationId }]],
];

const STRANGERS: [string, () => Credential][] = [
  ['another user', () => bob],
  ['the API key', () => ({ apiKey: target().apiKey })],
];

describe.each(STRANGERS)('for %s a foreign conversation', (_name, stranger) => {
  it.each(REQUESTS)('is answered by %s exactly like an absent one', async (_field, request) => {
    const [query, foreign] = request({ conversationId, messageId });
    const [, absent] = request({ conversationId: randomUUID(), messageId: randomUUID() });
    const first = await graphql(target(), stranger(), query, foreign);
    const second = await graphql(target(), stranger(), query, absent);

    expect(first.errors?.[0]).toMatchObject({ errorType: 'NOT_FOUND', message: 'Not found.' });
    expect(comparable(first.errors)).toEqual(comparable(second.errors));
    expect({ status: first.status, data: first.data }).toEqual({ status: second.status, data: second.data });
  });

  it('is unchanged by all of that', async () => {
    const stored = await storedMessage(target(), alice, conversationId, messageId);

    expect(stored).toMatchObject({ status: 'COMPLETE', text: 'the secret' });
  });

  it('is acknowledged on the subscription and stays silent, exactly like an absent one', async () => {
    const mine = await openFeed(target(), alice, { conversationId });
    const foreign = await openFeed(target(), stranger(), { conversationId });
    const named = await openFeed(target(), stranger(), { conversationId, messageId });
    const absent = await openFeed(target(), stranger(), { conversationId: randomUUID() });
    const { assistantMessage } = await sendText(target(), alice, '/tokens 40 200', conversationId);
    await mine.end(assistantMessage.id);
    await Promise.all([foreign, named, absent].map((feed) => feed.drained()));

    expect(expectGapless(mine.batches.items)).toMatch(/^w1 .* w40$/);
    expect([foreign, named, absent].flatMap(({ batches }) => batches.items)).toEqual([]);
  });

  it('is not in the listing', async () => {
    const answer = await graphql<{ conversations: { items: { id: string }[] } }>(
      target(),
      stranger(),
      DOCUMENTS.conversations,
      { limit: 100 },
    );

    expect(answer.data.conversations.items.map(({ id }) => id)).not.toContain(conversationId);
  });

  it("becomes the stranger's own by a send to the same id, and both stay apart", async () => {
    const { conversation, userMessage } = await sendText(target(), stranger(), '/echo mine', conversationId);

    expect(conversation.id).toBe(conversationId);
    expect(userMessage.parentId).toBeNull();
    const foreign = await graphql(target(), stranger(), DOCUMENTS.state, { conversationId, messageId });
    expect(foreign.errors?.[0]?.errorType).toBe('NOT_FOUND');
    expect((await storedMessage(target(), alice, conversationId, messageId)).text).toBe('the secret');
  });
});

async function post(credential: Credential, body: Record<string, unknown>): Promise<Response> {
  return fetch(`${target().httpUrl}/chat`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${(credential as { token: string }).token}`,
      'content-type': 'application/json',
      accept: 'text/plain',
    },
    body: JSON.stringify(body),
  });
}

describe('the HTTP door', () => {
  it("makes a stranger's send to a foreign conversation the stranger's own", async () => {
    const mine = await openFeed(target(), alice, { conversationId });
    const answer = await post(bob, { text: '/echo over http', conversationId });
    const ownId = answer.headers.get('x-message-id') ?? '';

    expect(answer.status).toBe(200);
    expect(answer.headers.get('x-conversation-id')).toBe(conversationId);
    expect(await answer.text()).toBe('over http\n');
    expect((await storedMessage(target(), bob, conversationId, ownId)).text).toBe('over http');
    const seen = await graphql(target(), alice, DOCUMENTS.state, { conversationId, messageId: ownId });
    expect(seen.errors?.[0]?.errorType).toBe('NOT_FOUND');
    await mine.drained();
    expect(mine.batches.items).toEqual([]);
  });

  it('does not attach a stranger who repeats the ids of a foreign request', async () => {
    const input = { text: '/echo the same', conversationId, clientMessageId: randomUUID() };
    const own = await post(alice, input);
    const strange = await post(bob, input);
    await Promise.all([own.text(), strange.text()]);

    expect([own.status, strange.status]).toEqual([200, 200]);
    expect(strange.headers.get('x-message-id')).not.toBe(own.headers.get('x-message-id'));
  });

  it('does not let a parent of another owner be followed', async () => {
    const answer = await post(bob, { text: 'hello', conversationId: randomUUID(), parentId: messageId });

    expect(answer.status).toBe(404);
    expect(await answer.json()).toMatchObject({
      error: { code: 'NOT_FOUND', message: 'Not found.', retryable: false },
    });
  });
});
