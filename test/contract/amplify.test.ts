import { randomUUID } from 'node:crypto';
import { Amplify } from 'aws-amplify';
import { generateClient } from 'aws-amplify/api';
import { Hub } from 'aws-amplify/utils';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { TokenBatch } from '../../protocol/generated/schema-types.ts';
import { DOCUMENTS, type Credential, type WireSend } from './graphql.ts';
import { Mailbox } from './mailbox.ts';
import { countedText, expectGapless, expectReceipt, storedMessage } from './streamed-answer.ts';
import { useLocalTarget } from './target.ts';

const target = useLocalTarget();

/** Conversations whose subscription the server acknowledged: Amplify tells by Hub alone. */
const acknowledged = new Mailbox<{ conversationId?: string; messageId?: string }>();
let stopListening: () => void = () => undefined;

beforeAll(() => {
  // Amplify rewrites `http://` to `wss://`; this spelling it leaves to the WebSocket, which takes http for ws.
  const endpoint = target().graphqlUrl.replace('http://', 'HTTP://');
  Amplify.configure({
    API: {
      GraphQL: { endpoint, region: 'us-east-1', defaultAuthMode: 'apiKey', apiKey: target().apiKey },
    },
  });
  stopListening = Hub.listen('api', ({ payload }) => {
    if (payload.event !== 'Subscription ack') return;
    const { variables } = payload.data as { variables: { conversationId?: string; messageId?: string } };
    acknowledged.put(variables);
  });
});
afterAll(() => stopListening());

/** What is used of Amplify's client; its own type is generic over a model we do not have, too deep for the compiler. */
interface Client {
  graphql(request: { query: string; variables: object }): unknown;
}

function amplifyClient(
  options: { authMode: 'apiKey'; apiKey: string } | { authMode: 'none'; authToken: string },
): Client {
  return (generateClient as (options: object) => unknown)(options) as Client;
}

interface Observable {
  subscribe(observer: { next(value: unknown): void; error(cause: unknown): void }): { unsubscribe(): void };
}

/** Subscribes, waits for the acknowledgement, and collects. */
async function watch(
  client: Client,
  variables: { conversationId: string; messageId?: string },
): Promise<Mailbox<TokenBatch>> {
  const batches = new Mailbox<TokenBatch>();
  const errors: unknown[] = [];
  const query = variables.messageId === undefined ? DOCUMENTS.onConversation : DOCUMENTS.onTokens;
  const before = acknowledged.items.length;
  const subscription = (client.graphql({ query, variables }) as Observable).subscribe({
    next: (value) => batches.put((value as { data: { onTokens: TokenBatch } }).data.onTokens),
    error: (cause) => errors.push(cause),
  });
  onTestFinished(() => {
    subscription.unsubscribe();
    expect(errors).toEqual([]);
  });
  const isOurs = (ack: { conversationId?: string; messageId?: string }) =>
    ack.conversationId === variables.conversationId && ack.messageId === variables.messageId;
  await acknowledged.when((acks) => acks.slice(before).some(isOurs), 'Subscription ack');
  return batches;
}

async function send(client: Client, conversationId: string, text: string): Promise<WireSend> {
  const input = { conversationId, clientMessageId: randomUUID(), text };
  const answer = (await client.graphql({ query: DOCUMENTS.send, variables: { input } })) as {
    data: { sendMessage: WireSend };
  };
  return answer.data.sendMessage;
}

const isEnd = (batch: TokenBatch) => batch.kind === 'END';

const sessions: [string, () => Promise<{ client: Client; credential: Credential }>][] = [
  [
    'an API key',
    () =>
      Promise.resolve({
        client: amplifyClient({ authMode: 'apiKey', apiKey: target().apiKey }),
        credential: { apiKey: target().apiKey },
      }),
  ],
  [
    'a token',
    async () => {
      const token = await target().token('alice');
      return { client: amplifyClient({ authMode: 'none', authToken: token }), credential: { token } };
    },
  ],
];

describe.each(sessions)('the Amplify client with %s', (_name, open) => {
  it('receives START, every DELTA and END in order, exact to the digest, without messageState', async () => {
    const { client, credential } = await open();
    const conversationId = randomUUID();
    const batches = await watch(client, { conversationId });
    const queriesBefore = target().stack.appSync.counters().queries;

    const { assistantMessage, userMessage } = await send(client, conversationId, '/tokens 300 100');
    await batches.first(isEnd, 'END');

    expect(target().stack.appSync.counters().queries).toBe(queriesBefore);
    expect(expectGapless(batches.items)).toBe(countedText(300));
    expect(new Set(batches.items.map(({ messageId }) => messageId))).toEqual(new Set([assistantMessage.id]));
    expect(batches.items[0]).toMatchObject({ kind: 'START', userMessageId: userMessage.id, resumeOffset: 0 });

    const stored = await storedMessage(target(), credential, conversationId, assistantMessage.id);
    expect(stored).toMatchObject({ status: 'COMPLETE', text: countedText(300), attempt: 1 });
    expectReceipt(stored.end, stored.text);
    expect(stored.end).toMatchObject({
      reason: 'STOP',
      transport: { publishFailures: 0, logged: batches.items.filter(({ kind }) => kind === 'DELTA').length },
    });
  });
});

describe('several Amplify subscribers', () => {
  it('receive the same batches, also when one names the message', async () => {
    const token = await target().token('bob');
    const client = amplifyClient({ authMode: 'none', authToken: token });
    const conversationId = randomUUID();
    const [first, second] = [
      await watch(client, { conversationId }),
      await watch(client, { conversationId }),
    ];

    const { assistantMessage } = await send(client, conversationId, '/tokens 200 100');
    const named = await watch(client, { conversationId, messageId: assistantMessage.id });
    await Promise.all([first, second, named].map((batches) => batches.first(isEnd, 'END')));

    expect(expectGapless(first.items)).toBe(countedText(200));
    expect(second.items).toEqual(first.items);
    expect(named.items).toEqual(first.items.slice(first.items.length - named.items.length));
    expect(named.items.length).toBeGreaterThan(1);

    // A second answer of the conversation reaches whoever watches the conversation, not whoever watches the first answer.
    const namedBefore = named.items.length;
    const next = await send(client, conversationId, '/echo again');
    const isNextEnd = (batch: TokenBatch) => isEnd(batch) && batch.messageId === next.assistantMessage.id;
    await Promise.all([first.first(isNextEnd, 'the next END'), second.first(isNextEnd, 'the next END')]);
    // All subscriptions share one socket: this acknowledgement comes after whatever was sent to any of them.
    await watch(client, { conversationId: randomUUID() });
    expect(named.items.length).toBe(namedBefore);
  });
});
