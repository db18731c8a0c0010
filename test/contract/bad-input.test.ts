import { randomUUID } from 'node:crypto';
import { Sha256 } from '@aws-crypto/sha256-js';
import { HttpRequest } from '@smithy/protocol-http';
import { SignatureV4 } from '@smithy/signature-v4';
import { beforeAll, describe, expect, it } from 'vitest';
import { PUBLISH_TOKENS_DOCUMENT } from '../../protocol/generated/publish-document.ts';
import type { TokenBatch } from '../../protocol/generated/schema-types.ts';
import { authHeaders, DOCUMENTS, graphql, type Credential, type WireError } from './graphql.ts';
import { openFeed, RealtimeClient } from './realtime-client.ts';
import { badTokens, refused, type BadTokens } from './refused.ts';
import { sendText, storedMessage } from './streamed-answer.ts';
import { useLocalTarget } from './target.ts';

const target = useLocalTarget();

let alice: Credential;
let bad: BadTokens;

beforeAll(async () => {
  alice = { token: await target().token('alice') };
  bad = await badTokens(target());
});

const send = (over: Record<string, unknown>) => ({
  input: { conversationId: randomUUID(), clientMessageId: randomUUID(), text: 'hello', ...over },
});
const ids = (over: Record<string, unknown> = {}) => ({ conversationId: 'c', messageId: 'm', ...over });
const LONG_ID = 'x'.repeat(65);

function expectTyped(errors: WireError[] | undefined, code: string): void {
  expect(errors).toHaveLength(1);
  expect(errors?.[0]).toMatchObject({
    errorType: code,
    errorInfo: { retryable: false, stage: 'request', retryAfterMs: null, requestId: null },
  });
}

/** Sends a text and waits for its whole answer, so that nothing is written afterwards. */
async function answered(text: string): Promise<string> {
  const conversationId = randomUUID();
  const feed = await openFeed(target(), alice, { conversationId });
  const { assistantMessage } = await sendText(target(), alice, text, conversationId);
  await feed.end(assistantMessage.id);
  const stored = await storedMessage(target(), alice, conversationId, assistantMessage.id);
  expect(stored.status).toBe('COMPLETE');
  return conversationId;
}

describe('GraphQL', () => {
  it.each([
    ['an empty text', DOCUMENTS.send, () => send({ text: '' }), 'INVALID_INPUT'],
    ['a blank text', DOCUMENTS.send, () => send({ text: ' \n\t ' }), 'INVALID_INPUT'],
    ['a text of 32,001 units', DOCUMENTS.send, () => send({ text: 'a'.repeat(32_001) }), 'INVALID_INPUT'],
    ['an empty conversationId', DOCUMENTS.send, () => send({ conversationId: '' }), 'INVALID_INPUT'],
    [
      'a conversationId of 65 characters',
      DOCUMENTS.send,
      () => send({ conversationId: LONG_ID }),
      'INVALID_INPUT',
    ],
    ['a conversationId with a slash', DOCUMENTS.send, () => send({ conversationId: 'a/b' }), 'INVALID_INPUT'],
    [
      'a conversationId with the key separator',
      DOCUMENTS.send,
      () => send({ conversationId: 'a#b' }),
      'INVALID_INPUT',
    ],
    ['an empty clientMessageId', DOCUMENTS.send, () => send({ clientMessageId: '' }), 'INVALID_INPUT'],
    [
      'a clientMessageId with a letter beyond ASCII',
      DOCUMENTS.send,
      () => send({ clientMessageId: 'ä' }),
      'INVALID_INPUT',
    ],
    ['a parentId with a space', DOCUMENTS.send, () => send({ parentId: 'a b' }), 'INVALID_INPUT'],
    ['an absent parent', DOCUMENTS.send, () => send({ parentId: 'absent' }), 'NOT_FOUND'],
    [
      'a model that is not configured',
      DOCUMENTS.send,
      () => send({ model: 'gpt-nonsense' }),
      'MODEL_NOT_ALLOWED',
    ],
    [
      'a regenerate with a bad id',
      DOCUMENTS.regenerate,
      () => ({ input: { ...ids({ messageId: '!' }), clientMessageId: 'k' } }),
      'INVALID_INPUT',
    ],
    ['a cancel with a bad id', DOCUMENTS.cancel, () => ids({ messageId: '' }), 'INVALID_INPUT'],
    ['a continue with a bad id', DOCUMENTS.continue, () => ids({ conversationId: LONG_ID }), 'INVALID_INPUT'],
    ['a rename to nothing', DOCUMENTS.rename, () => ({ id: 'c', title: ' ' }), 'INVALID_INPUT'],
    ['a rename to 201 units', DOCUMENTS.rename, () => ({ id: 'c', title: 'a'.repeat(201) }), 'INVALID_INPUT'],
    ['a rename of a bad id', DOCUMENTS.rename, () => ({ id: 'a b', title: 'a' }), 'INVALID_INPUT'],
    ['a delete of a bad id', DOCUMENTS.delete, () => ({ id: '' }), 'INVALID_INPUT'],
    ['a read of a bad id', DOCUMENTS.conversation, () => ({ id: '#' }), 'INVALID_INPUT'],
    ['a page of none', DOCUMENTS.conversations, () => ({ limit: 0 }), 'INVALID_INPUT'],
    ['a page of 101', DOCUMENTS.messages, () => ({ conversationId: 'c', limit: 101 }), 'INVALID_INPUT'],
    ['a wrong nextToken', DOCUMENTS.conversations, () => ({ nextToken: 'nonsense' }), 'INVALID_INPUT'],
    ['a negative offset', DOCUMENTS.state, () => ids({ fromOffset: -1 }), 'INVALID_INPUT'],
    [
      'an offset beyond nine digits',
      DOCUMENTS.state,
      () => ids({ fromReasoningOffset: 1_000_000_000 }),
      'INVALID_INPUT',
    ],
    ['an absent message', DOCUMENTS.state, () => ids(), 'NOT_FOUND'],
  ])('answers %s with its code and writes nothing', async (_name, query, variables, code) => {
    const answer = await refused(target(), () => graphql(target(), alice, query, variables()));

    expectTyped(answer.errors, code);
    expect(answer.status).toBe(200);
  });

  it('takes a text of 32,000 units', async () => {
    await answered('a'.repeat(32_000));
  });

  it('refuses a wrong nextToken of a conversation that exists', async () => {
    const conversationId = await answered('/echo page');
    const answer = await refused(target(), () =>
      graphql(target(), alice, DOCUMENTS.messages, { conversationId, nextToken: 'nonsense' }),
    );

    expectTyped(answer.errors, 'INVALID_INPUT');
  });

  it.each([
    ['malformed JSON', '{"query":', 400, 'MalformedHttpRequestException'],
    ['an empty body', '', 400, 'MalformedHttpRequestException'],
    ['a body without a query', '{}', 400, 'MalformedHttpRequestException'],
  ])('answers %s in the shape of AppSync', async (_name, body, status, errorType) => {
    const answer = await refused(target(), () =>
      fetch(target().graphqlUrl, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...authHeaders(alice) },
        body,
      }),
    );

    expect(answer.status).toBe(status);
    expect(await answer.json()).toMatchObject({ errors: [{ errorType }] });
  });

  it('answers an unknown field with the validation error of AppSync', async () => {
    const answer = await refused(target(), () =>
      graphql(target(), alice, '{ conversations { items { bogus } } }'),
    );

    expect(answer.status).toBe(200);
    expect(answer.errors?.[0]?.message).toContain("Validation error of type FieldUndefined: Field 'bogus'");
  });

  it('answers an unknown input field and a missing one with AppSync errors', async () => {
    const unknown = await refused(target(), () =>
      graphql(target(), alice, DOCUMENTS.send, send({ bogus: 1 })),
    );
    const missing = await refused(target(), () =>
      graphql(target(), alice, DOCUMENTS.send, { input: { conversationId: 'c' } }),
    );

    expect(unknown.errors?.[0]?.message).toEqual(expect.stringContaining('bogus'));
    expect(missing.errors?.[0]?.message).toEqual(expect.stringMatching(/coerced Null value|clientMessageId/));
    expect(
      [unknown.data, missing.data].every(
        (data) => !data || Object.values(data).every((value) => value === null),
      ),
    ).toBe(true);
  });

  it.each([
    ['no credential', () => ({})],
    ['an unknown API key', () => ({ apiKey: 'da2-other' })],
    ['garbage for a token', () => ({ token: 'garbage' })],
    ['an expired token', () => ({ token: bad.expired })],
    ['a token of another issuer', () => ({ token: bad.foreign })],
    [
      'a token with an altered signature',
      () => ({ token: `${(alice as { token: string }).token.slice(0, -6)}AAAAAA` }),
    ],
  ] as [string, () => Credential][])(
    'answers %s with 401 and UnauthorizedException',
    async (_name, credential) => {
      const answer = await refused(target(), () => graphql(target(), credential(), DOCUMENTS.send, send({})));

      expect(answer.status).toBe(401);
      expect(answer.headers.get('x-amzn-errortype')).toBe('UnauthorizedException');
      expect(answer.errors?.[0]?.errorType).toBe('UnauthorizedException');
    },
  );
});

describe('publishTokens', () => {
  const batch = (conversationId: string): TokenBatch => ({
    conversationId,
    messageId: 'm',
    owner: 'k:playground',
    attempt: 1,
    seq: 0,
    kind: 'DELTA',
    part: 'TEXT',
    offset: 0,
    text: 'forged',
    resumeOffset: 0,
    resumeReasoningOffset: 0,
    nextWithinMs: 0,
    status: 'STREAMING',
    userMessageId: null,
    end: null,
    publishedAt: new Date().toISOString(),
  });

  /** Publishes signed with the role of a function; the word is part of the function's name. */
  async function publishAs(word: string, conversationId: string, alter?: (request: HttpRequest) => void) {
    const { stack, graphqlUrl } = target();
    const lambda = stack.model.lambdas.find(({ name }) => name.includes(word));
    const principal = stack.principals.byRole(lambda?.roleArn ?? '');
    if (!principal) throw new Error(`No function like ${word}`);
    const url = new URL(graphqlUrl);
    const signer = new SignatureV4({
      service: 'appsync',
      region: 'us-east-1',
      sha256: Sha256,
      credentials: principal,
    });
    const signed = (await signer.sign(
      new HttpRequest({
        method: 'POST',
        protocol: url.protocol,
        hostname: url.hostname,
        port: Number(url.port),
        path: url.pathname,
        headers: { host: url.host, 'content-type': 'application/json' },
        body: JSON.stringify({ query: PUBLISH_TOKENS_DOCUMENT, variables: { input: batch(conversationId) } }),
      }),
    )) as HttpRequest;
    alter?.(signed);
    const { host: _host, ...headers } = signed.headers;
    const answer = await fetch(graphqlUrl, { method: 'POST', headers, body: signed.body as string });
    return { status: answer.status, body: (await answer.json()) as { data?: unknown; errors?: WireError[] } };
  }

  it.each([
    ['the API key', () => ({ apiKey: target().apiKey })],
    ['a token', () => alice],
  ] as [string, () => Credential][])('is not for %s, and nobody receives it', async (_name, credential) => {
    const conversationId = randomUUID();
    const feed = await openFeed(target(), { apiKey: target().apiKey }, { conversationId });
    const answer = await graphql(target(), credential(), PUBLISH_TOKENS_DOCUMENT, {
      input: batch(conversationId),
    });

    expect(answer.errors?.[0]).toMatchObject({
      errorType: 'Unauthorized',
      message: 'Not Authorized to access publishTokens on type Mutation',
    });
    await publishAs('Settle', conversationId);
    await feed.batches.first(() => true, 'the allowed publish');
    expect(feed.batches.items).toHaveLength(1);
  });

  it('is not for the unsigned', async () => {
    const answer = await graphql(target(), {}, PUBLISH_TOKENS_DOCUMENT, { input: batch('c') });

    expect(answer.status).toBe(401);
    expect(answer.errors?.[0]?.errorType).toBe('UnauthorizedException');
  });

  it('is not for an altered body', async () => {
    const { status, body } = await publishAs('Settle', 'c', (request) => {
      request.body = (request.body as string).replace('forged', 'forgot');
    });

    expect(status).toBeGreaterThanOrEqual(400);
    expect(body.data).toBeUndefined();
  });

  it('is not for a role without the grant; the error names action and resource', async () => {
    const { body } = await publishAs('Purge', 'c');

    expect(body.errors?.[0]?.errorType).toBe('Unauthorized');
    expect(body.errors?.[0]?.message).toMatch(
      /not authorized to perform: appsync:GraphQL on resource: arn:aws:appsync:.*\/types\/Mutation\/fields\/publishTokens/,
    );
  });
});

describe('the WebSocket', () => {
  it.each([
    ['a conversationId that is no id', { conversationId: 'a/b' }],
    ['a messageId that is no id', { conversationId: 'c', messageId: '!' }],
  ])('answers %s with INVALID_INPUT', async (_name, variables) => {
    await expect(openFeed(target(), alice, variables)).rejects.toThrow('INVALID_INPUT');
  });

  it.each([
    ['an unknown API key', () => ({ apiKey: 'da2-other' })],
    ['garbage for a token', () => ({ token: 'garbage' })],
    ['an expired token', () => ({ token: bad.expired })],
    ['a token of another issuer', () => ({ token: bad.foreign })],
  ] as [string, () => Credential][])(
    'refuses %s with connection_error and closes',
    async (_name, credential) => {
      const client = await RealtimeClient.open(target(), credential());
      client.send({ type: 'connection_init' });
      const answer = await client.messages.first(
        ({ type }) => type === 'connection_error',
        'connection_error',
      );

      expect(answer.payload?.errors?.[0]).toMatchObject({
        errorType: 'UnauthorizedException',
        errorCode: 401,
      });
      await client.closed;
    },
  );

  it('refuses an expired token at start although the connection was good', async () => {
    const client = await RealtimeClient.open(target(), alice);
    client.start('late', { token: bad.expired }, DOCUMENTS.onConversation, { conversationId: 'c' });
    const answer = await client.answerTo('late');

    expect(answer.type).toBe('error');
    expect(answer.payload?.errors?.[0]?.errorType).toMatch(/Unauthorized/);
  });
});
