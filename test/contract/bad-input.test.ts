import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { TokenBatch } from '../../protocol/generated/schema-types.ts';
import { BAD_TOKENS } from './bad-credentials.ts';
import { DOCUMENTS, graphql, type Credential, type WireError, type WireSend } from './graphql.ts';
import { withoutEffect } from './no-effect.ts';
import { openFeed, RealtimeClient } from './realtime-client.ts';
import { postPublish, signedHeaders } from './signed-request.ts';
import { sendText } from './streamed-answer.ts';
import { useLocalTarget } from './target.ts';

const target = useLocalTarget();
const credential = () => ({ apiKey: target().apiKey });

const BAD_IDS: [string, string][] = [
  ['empty', ''],
  ['65 characters long', 'a'.repeat(65)],
  ['of other characters', 'a/b'],
  ['with a key separator', 'a#b'],
  ['not ASCII', 'é'],
];

/** Asks without effect. */
function ask(query: string, variables: Record<string, unknown> = {}, as: Credential = credential()) {
  return withoutEffect(target().stack, () => graphql(target(), as, query, variables));
}

/** Checks the service's own shape of an error. */
function expectCode(
  answer: { status: number; errors: WireError[] | undefined },
  errorType: string,
  message: string,
) {
  expect(answer.status).toBe(200);
  expect(answer.errors).toEqual([
    {
      path: [expect.any(String)],
      locations: [
        { line: expect.any(Number) as number, column: expect.any(Number) as number, sourceName: null },
      ],
      data: null,
      errorType,
      message,
      errorInfo: { retryable: false, retryAfterMs: null, stage: 'request', requestId: null },
    },
  ]);
}

const invalid = (answer: Parameters<typeof expectCode>[0]) =>
  expectCode(answer, 'INVALID_INPUT', 'The request is not valid.');

const sendInput = (changes: Record<string, unknown> = {}) => ({
  input: { conversationId: randomUUID(), clientMessageId: randomUUID(), text: 'hello', ...changes },
});

/** Sends a text and waits for the end of its answer, so that nothing of it falls into the next test. */
async function answered(text: string): Promise<WireSend> {
  const conversationId = randomUUID();
  const feed = await openFeed(target(), credential(), { conversationId });
  const sent = await sendText(target(), credential(), text, conversationId);
  await feed.end(sent.assistantMessage.id);
  return sent;
}

describe('a request that is no GraphQL request', () => {
  it.each([
    ['no body', '', 'Request body is empty.'],
    ['malformed JSON', '{"query":', 'Unable to parse GraphQL query.'],
    ['a JSON array', '[]', 'Unable to parse GraphQL query.'],
    ['an object without a query', '{}', 'Unable to parse GraphQL query.'],
    ['a query that is no text', '{"query":1}', 'Unable to parse GraphQL query.'],
    [
      'variables that are a list',
      '{"query":"{ conversations { nextToken } }","variables":[]}',
      'Unable to parse GraphQL query.',
    ],
  ])('is 400 MalformedHttpRequestException: %s', async (_name, body, message) => {
    const answer = await withoutEffect(target().stack, () =>
      fetch(target().graphqlUrl, { method: 'POST', headers: { 'x-api-key': target().apiKey }, body }),
    );

    expect(answer.status).toBe(400);
    expect(answer.headers.get('x-amzn-errortype')).toBe('MalformedHttpRequestException');
    expect(await answer.json()).toEqual({
      errors: [{ errorType: 'MalformedHttpRequestException', message }],
    });
  });

  it.each([
    ['a field that is not there', '{ conversations { nothing } }', {}, /FieldUndefined/],
    ['an unknown argument', '{ conversations(page: 1) { nextToken } }', {}, /UnknownArgument/],
    ['a missing argument', '{ conversation { id } }', {}, /MissingFieldArgument/],
    ['an unknown input field', DOCUMENTS.send, sendInput({ nothing: 1 }), /nothing/],
    [
      'a missing input field',
      DOCUMENTS.send,
      { input: { conversationId: 'a', text: 'b' } },
      /coerced Null value for NonNull type 'ID!'/,
    ],
    [
      'a null text',
      DOCUMENTS.send,
      sendInput({ text: null }),
      /coerced Null value for NonNull type 'String!'/,
    ],
    ['an unknown pacing', DOCUMENTS.send, sendInput({ pacing: 'FAST' }), /FAST|PacingProfile/],
    ['a fractional limit', DOCUMENTS.conversations, { limit: 1.5 }, /limit/],
  ])('is refused by the schema: %s', async (_name, query, variables, message) => {
    const answer = await ask(query, variables);

    expect(answer.status).toBe(200);
    expect(answer.data).toBeNull();
    expect(answer.errors?.[0]?.message).toMatch(message);
  });
});

describe('an input the service refuses', () => {
  it.each([
    ['empty', ''],
    ['white space', ' \n\t '],
    ['of 32,001 units', 'a'.repeat(32_001)],
    ['of 32,002 units in pairs', '🙂'.repeat(16_001)],
  ])('is INVALID_INPUT for a text that is %s', async (_name, text) => {
    invalid(await ask(DOCUMENTS.send, sendInput({ text })));
  });

  it('is not a text of 32,000 units', async () => {
    const { userMessage } = await answered('🙂'.repeat(16_000));

    expect(userMessage.text).toHaveLength(32_000);
  });

  it.each(BAD_IDS)('is INVALID_INPUT for ids that are %s, in every field', async (_name, id) => {
    const fine = randomUUID();
    const requests: [string, Record<string, unknown>][] = [
      [DOCUMENTS.send, sendInput({ conversationId: id })],
      [DOCUMENTS.send, sendInput({ clientMessageId: id })],
      [DOCUMENTS.send, sendInput({ parentId: id })],
      [DOCUMENTS.regenerate, { input: { conversationId: id, messageId: fine, clientMessageId: fine } }],
      [DOCUMENTS.regenerate, { input: { conversationId: fine, messageId: id, clientMessageId: fine } }],
      [DOCUMENTS.regenerate, { input: { conversationId: fine, messageId: fine, clientMessageId: id } }],
      [DOCUMENTS.cancel, { conversationId: id, messageId: fine }],
      [DOCUMENTS.cancel, { conversationId: fine, messageId: id }],
      [DOCUMENTS.continue, { conversationId: id, messageId: fine }],
      [DOCUMENTS.continue, { conversationId: fine, messageId: id }],
      [DOCUMENTS.rename, { id, title: 'title' }],
      [DOCUMENTS.delete, { id }],
      [DOCUMENTS.conversation, { id }],
      [DOCUMENTS.messages, { conversationId: id }],
      [DOCUMENTS.state, { conversationId: id, messageId: fine }],
      [DOCUMENTS.state, { conversationId: fine, messageId: id }],
    ];
    for (const [query, variables] of requests) invalid(await ask(query, variables));
  });

  it.each([
    ['an empty title', DOCUMENTS.rename, { id: 'a', title: '' }],
    ['a blank title', DOCUMENTS.rename, { id: 'a', title: '  ' }],
    ['a title of 201 units', DOCUMENTS.rename, { id: 'a', title: 'a'.repeat(201) }],
    ['a limit of 0', DOCUMENTS.conversations, { limit: 0 }],
    ['a negative limit', DOCUMENTS.conversations, { limit: -1 }],
    ['a limit of 101', DOCUMENTS.conversations, { limit: 101 }],
    ['a limit of 101 messages', DOCUMENTS.messages, { conversationId: 'a', limit: 101 }],
    ['a garbage nextToken', DOCUMENTS.conversations, { nextToken: 'garbage' }],
    ['a negative offset', DOCUMENTS.state, { conversationId: 'a', messageId: 'b', fromOffset: -1 }],
    [
      'an offset of ten digits',
      DOCUMENTS.state,
      { conversationId: 'a', messageId: 'b', fromOffset: 1_000_000_000 },
    ],
    [
      'a negative reasoning offset',
      DOCUMENTS.state,
      { conversationId: 'a', messageId: 'b', fromReasoningOffset: -1 },
    ],
  ])('is INVALID_INPUT for %s', async (_name, query, variables) => {
    invalid(await ask(query, variables));
  });

  it('is INVALID_INPUT for a garbage nextToken of messages', async () => {
    const { conversation } = await answered('/echo x');
    const answer = await graphql(target(), credential(), DOCUMENTS.messages, {
      conversationId: conversation.id,
      nextToken: 'garbage',
    });

    invalid(answer);
  });

  it('is MODEL_NOT_ALLOWED for a model that is not configured', async () => {
    expectCode(
      await ask(DOCUMENTS.send, sendInput({ model: 'other' })),
      'MODEL_NOT_ALLOWED',
      'This model is not available.',
    );
  });

  it('is NOT_FOUND for a parent that is not there', async () => {
    expectCode(await ask(DOCUMENTS.send, sendInput({ parentId: randomUUID() })), 'NOT_FOUND', 'Not found.');
  });
});

const expectRefused = (answer: { status: number; headers: Headers; errors: WireError[] | undefined }) => {
  expect(answer.status).toBe(401);
  expect(answer.headers.get('x-amzn-errortype')).toBe('UnauthorizedException');
  expect(answer.errors).toEqual([
    { errorType: 'UnauthorizedException', message: expect.any(String) as string },
  ]);
};

describe('a caller who is not known', () => {
  it.each(BAD_TOKENS)('is 401 over HTTP with %s', async (_name, make) => {
    expectRefused(await ask(DOCUMENTS.send, sendInput(), { token: await make(target().stack) }));
  });

  it.each([
    ['no credential', {}],
    ['a wrong API key', { apiKey: 'da2-wrong' }],
  ])('is 401 over HTTP with %s', async (_name, as) => {
    expectRefused(await ask(DOCUMENTS.send, sendInput(), as));
  });

  it.each(BAD_TOKENS)('gets connection_error and the end of the socket with %s', async (_name, make) => {
    const client = await RealtimeClient.open(target(), { token: await make(target().stack) });
    client.send({ type: 'connection_init' });
    await client.closed;

    expect(client.messages.items).toEqual([
      {
        type: 'connection_error',
        payload: {
          errors: [
            { errorType: 'UnauthorizedException', message: expect.any(String) as string, errorCode: 401 },
          ],
        },
      },
    ]);
  });

  it.each(BAD_TOKENS)('cannot start a subscription on an open socket with %s', async (_name, make) => {
    const client = await RealtimeClient.open(target(), credential());
    const id = randomUUID();
    const variables = { conversationId: randomUUID() };
    client.start(id, { token: await make(target().stack) }, DOCUMENTS.onConversation, variables);

    expect(await client.answerTo(id)).toMatchObject({
      type: 'error',
      payload: { errors: [{ errorType: 'UnauthorizedException', errorCode: 401 }] },
    });
  });
});

describe('publishTokens', () => {
  function batchFor(conversationId: string): TokenBatch {
    return {
      conversationId,
      messageId: randomUUID(),
      owner: 'k:playground',
      attempt: 1,
      seq: 0,
      kind: 'START',
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
    };
  }

  function principalOf(word: string) {
    const { model, principals } = target().stack;
    const lambda = model.lambdas.find(({ logicalId }) => logicalId.includes(word));
    const principal = lambda && principals.byRole(lambda.roleArn);
    if (!principal) throw new Error(`No function ${word}`);
    return principal;
  }

  it.each([
    ['unsigned', () => ({}), 401, 'UnauthorizedException'],
    ['with the API key', () => ({ 'x-api-key': target().apiKey }), 200, 'Unauthorized'],
    ['with a token', async () => ({ authorization: await target().token('alice') }), 200, 'Unauthorized'],
    [
      'signed by a role without the grant',
      (batch: TokenBatch) => signedHeaders(target().graphqlUrl, batch, principalOf('Purge')),
      200,
      'Unauthorized',
    ],
    [
      'signed with a wrong secret',
      (batch: TokenBatch) =>
        signedHeaders(target().graphqlUrl, batch, { ...principalOf('Generate'), secretAccessKey: 'wrong' }),
      401,
      'UnauthorizedException',
    ],
    [
      'with a signature of another body',
      (batch: TokenBatch) =>
        signedHeaders(target().graphqlUrl, { ...batch, text: 'signed' }, principalOf('Generate')),
      401,
      'UnauthorizedException',
    ],
  ] as [
    string,
    (batch: TokenBatch) => Record<string, string> | Promise<Record<string, string>>,
    number,
    string,
  ][])('is refused %s and reaches nobody', async (_name, headersOf, status, errorType) => {
    const conversationId = randomUUID();
    const feed = await openFeed(target(), credential(), { conversationId });
    const batch = batchFor(conversationId);
    const headers = await headersOf(batch);
    const answer = await withoutEffect(target().stack, () =>
      postPublish(target().graphqlUrl, batch, headers),
    );
    await feed.drained();

    expect(answer).toMatchObject({ status, errors: [{ errorType }] });
    expect(answer.data?.publishTokens ?? null).toBeNull();
    expect(feed.batches.items).toEqual([]);
  });

  it('names the missing action and the field to a role without the grant', async () => {
    const batch = batchFor(randomUUID());
    const answer = await postPublish(
      target().graphqlUrl,
      batch,
      await signedHeaders(target().graphqlUrl, batch, principalOf('Purge')),
    );

    expect(answer.errors?.[0]?.message).toMatch(
      /is not authorized to perform: appsync:GraphQL on resource: arn:aws:appsync:\S+\/types\/Mutation\/fields\/publishTokens/,
    );
  });

  it('is taken from a role with the grant and reaches subscribers', async () => {
    const conversationId = randomUUID();
    const feed = await openFeed(target(), credential(), { conversationId });
    const batch = batchFor(conversationId);
    const headers = await signedHeaders(target().graphqlUrl, batch, principalOf('Generate'));
    const answer = await postPublish(target().graphqlUrl, batch, headers);

    expect(answer).toMatchObject({ status: 200, data: { publishTokens: { text: 'forged' } } });
    expect(await feed.batches.first(() => true, 'the batch')).toMatchObject({ text: 'forged' });
  });
});
