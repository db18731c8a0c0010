import { describe, expect, it } from 'vitest';
import type { ErrorCode } from '../../protocol/error-codes.ts';
import { contextOf, load, raised } from './deployed.ts';

type Refusal = Exclude<ErrorCode, 'INTERNAL'>;
type Args = Record<string, unknown>;

const send = (over: Args) => ({
  input: { conversationId: 'c1', clientMessageId: 'k1', text: 'hello', ...over },
});
const regenerate = (over: Args) => ({
  input: { conversationId: 'c1', clientMessageId: 'k1', messageId: 'm1', ...over },
});
const BAD_IDS = ['', 'a'.repeat(65), 'a b', 'a#b', 'ä', 'a/b', '😀'];
const withBadIds = (field: string, argsOf: (id: string) => Args): [string, Args, Refusal][] =>
  BAD_IDS.map((id) => [field, argsOf(id), 'INVALID_INPUT']);

const REFUSED: [field: string, args: Args, code: Refusal][] = [
  ...withBadIds('Query.conversation', (id) => ({ id })),
  ...withBadIds('Query.messages', (conversationId) => ({ conversationId })),
  ...withBadIds('Query.messageState', (conversationId) => ({ conversationId, messageId: 'm1' })),
  ...withBadIds('Query.messageState', (messageId) => ({ conversationId: 'c1', messageId })),
  ...withBadIds('Mutation.sendMessage', (conversationId) => send({ conversationId })),
  ...withBadIds('Mutation.sendMessage', (clientMessageId) => send({ clientMessageId })),
  ...withBadIds('Mutation.sendMessage', (parentId) => send({ parentId })),
  ...withBadIds('Mutation.regenerateMessage', (conversationId) => regenerate({ conversationId })),
  ...withBadIds('Mutation.regenerateMessage', (clientMessageId) => regenerate({ clientMessageId })),
  ...withBadIds('Mutation.regenerateMessage', (messageId) => regenerate({ messageId })),
  ...withBadIds('Mutation.cancelMessage', (conversationId) => ({ conversationId, messageId: 'm1' })),
  ...withBadIds('Mutation.cancelMessage', (messageId) => ({ conversationId: 'c1', messageId })),
  ...withBadIds('Mutation.continueMessage', (conversationId) => ({ conversationId, messageId: 'm1' })),
  ...withBadIds('Mutation.continueMessage', (messageId) => ({ conversationId: 'c1', messageId })),
  ...withBadIds('Mutation.renameConversation', (id) => ({ id, title: 'T' })),
  ...withBadIds('Mutation.deleteConversation', (id) => ({ id })),
  ...withBadIds('Subscription.onTokens', (conversationId) => ({ conversationId })),
  ...withBadIds('Subscription.onTokens', (messageId) => ({ conversationId: 'c1', messageId })),
  ...['', ' \n\t ', 'x'.repeat(32_001)].map((text): [string, Args, Refusal] => [
    'Mutation.sendMessage',
    send({ text }),
    'INVALID_INPUT',
  ]),
  ['Mutation.sendMessage', send({ model: 'model-c' }), 'MODEL_NOT_ALLOWED'],
  ['Mutation.sendMessage', send({ model: '' }), 'MODEL_NOT_ALLOWED'],
  ['Mutation.regenerateMessage', regenerate({ model: 'model' }), 'MODEL_NOT_ALLOWED'],
  ...['', '  ', 'x'.repeat(201)].map((title): [string, Args, Refusal] => [
    'Mutation.renameConversation',
    { id: 'c1', title },
    'INVALID_INPUT',
  ]),
  ...[0, -1, 101, 1e9].flatMap((limit): [string, Args, Refusal][] => [
    ['Query.messages', { conversationId: 'c1', limit }, 'INVALID_INPUT'],
    ['Query.conversations', { limit }, 'INVALID_INPUT'],
  ]),
  ...[-1, 1_000_000_000].flatMap((offset): [string, Args, Refusal][] => [
    ['Query.messageState', { conversationId: 'c1', messageId: 'm1', fromOffset: offset }, 'INVALID_INPUT'],
    [
      'Query.messageState',
      { conversationId: 'c1', messageId: 'm1', fromReasoningOffset: offset },
      'INVALID_INPUT',
    ],
  ]),
];

const ID = 'Az09_-'.repeat(10) + 'abcd';
const ACCEPTED: [field: string, args: Args][] = [
  ['Query.conversation', { id: ID }],
  ['Query.messages', { conversationId: ID, limit: 1 }],
  ['Query.messages', { conversationId: ID, limit: 100, nextToken: null }],
  ['Query.conversations', { limit: 100 }],
  ['Query.conversations', { limit: null }],
  [
    'Query.messageState',
    { conversationId: ID, messageId: ID, fromOffset: 999_999_999, fromReasoningOffset: 0 },
  ],
  [
    'Mutation.sendMessage',
    send({ conversationId: ID, clientMessageId: ID, parentId: ID, text: 'x'.repeat(32_000) }),
  ],
  ['Mutation.sendMessage', send({ parentId: null, model: null, pacing: null, text: ' . ' })],
  ['Mutation.sendMessage', send({ model: 'model-b', text: '\n'.repeat(31_999) + 'x' })],
  ['Mutation.regenerateMessage', regenerate({ model: 'model-a' })],
  ['Mutation.renameConversation', { id: ID, title: 'x'.repeat(200) }],
  ['Subscription.onTokens', { conversationId: ID, messageId: null }],
];

describe('validation', () => {
  it.each(REFUSED.map(([field, args, code], index) => ({ field, args, code, index })))(
    '$field refuses input $index with $code',
    ({ field, args, code }) => {
      const file = load(field);
      const outcome = file.request(contextOf({ args }));
      expect(outcome.error).toEqual(raised(code));
      expect(outcome.result).toBeNull();
      expect(file.logged).toEqual([]);
    },
  );

  it.each(ACCEPTED.map(([field, args], index) => ({ field, args, index })))(
    '$field takes input $index at its limits',
    ({ field, args }) => {
      expect(load(field).request(contextOf({ args })).error).toBeUndefined();
    },
  );
});
