import { describe, expect, it } from 'vitest';
import { RESOLVERS } from '../../infra/resolvers.ts';
import { ERRORS } from '../../protocol/error-codes.ts';
import { CALLERS, contextOf, load, NOW_ISO, NOW_MS, OWNER } from './deployed.ts';

/** Fields everyone may name, with arguments that are fine; publishTokens is guarded by its directive alone. */
const ARGUMENTS: Record<string, Record<string, unknown>> = {
  'Query.conversations': {},
  'Query.conversation': { id: 'c1' },
  'Query.messages': { conversationId: 'c1' },
  'Query.messageState': { conversationId: 'c1', messageId: 'm1' },
  'Mutation.sendMessage': { input: { conversationId: 'c1', clientMessageId: 'k1', text: 'hello' } },
  'Mutation.regenerateMessage': { input: { conversationId: 'c1', clientMessageId: 'k1', messageId: 'm1' } },
  'Mutation.cancelMessage': { conversationId: 'c1', messageId: 'm1' },
  'Mutation.continueMessage': { conversationId: 'c1', messageId: 'm1' },
  'Mutation.renameConversation': { id: 'c1', title: 'A title' },
  'Mutation.deleteConversation': { id: 'c1' },
  'Subscription.onTokens': { conversationId: 'c1' },
};
const FIELDS = Object.keys(ARGUMENTS);

describe('callers', () => {
  it('covers every root field but publishTokens', () => {
    expect([...FIELDS, 'Mutation.publishTokens'].sort()).toEqual(Object.keys(RESOLVERS.fields).sort());
  });

  it.each(FIELDS)('%s works for a Cognito user under the owner of their sub', (field) => {
    const outcome = load(field).request(contextOf({ args: ARGUMENTS[field] ?? {} }));
    expect(outcome.error).toBeUndefined();
    expect(outcome.stash).toMatchObject({ owner: OWNER, nowMs: NOW_MS, nowIso: NOW_ISO });
  });

  it.each(FIELDS)('%s works for the API key under the playground owner', (field) => {
    const context = contextOf({ args: ARGUMENTS[field] ?? {}, ...CALLERS.API_KEY });
    const outcome = load(field).request(context);
    expect(outcome.error).toBeUndefined();
    expect(outcome.stash['owner']).toBe('k:playground');
  });

  it.each(
    FIELDS.flatMap((field) =>
      (['AWS_IAM', 'OPENID_CONNECT', 'AWS_LAMBDA'] as const).map((mode) => [field, mode] as const),
    ),
  )('%s refuses %s before it looks at anything', (field, mode) => {
    const outcome = load(field).request(contextOf({ args: ARGUMENTS[field] ?? {}, ...CALLERS[mode] }));
    expect(outcome.error?.type).toBe('Unauthorized');
    expect(outcome.result).toBeNull();
    expect(outcome.stash).toEqual({});
  });

  it('refuses a user pool caller without a sub', () => {
    const outcome = load('Query.conversation').request(contextOf({ args: { id: 'c1' }, identity: {} }));
    expect(outcome.error?.type).toBe('Unauthorized');
  });

  it('does not take the owner from what a caller sends', () => {
    const args = { id: 'c1', owner: 'u:other' };
    const request = { headers: { 'x-owner': 'u:other' }, domainName: null };
    const outcome = load('Query.conversation').request(
      contextOf({ args, request, stash: { owner: 'u:other' } }),
    );
    expect(JSON.stringify(outcome.result)).toContain(`${OWNER}#c1`);
    expect(JSON.stringify(outcome.result)).not.toContain('u:other');
  });
});

describe('an error of a data source', () => {
  const secret = 'table chat-prod-7F, item {"text":"private words"}';
  const error = { type: 'DynamoDB:InternalServerError', message: secret };
  const stash = {
    owner: OWNER,
    conversationId: 'c1',
    messageId: 'm1',
    nowMs: NOW_MS,
    nowIso: NOW_ISO,
    request: {},
    page: { text: '', reasoning: '', throughSeq: -1, more: false },
    message: { id: 'm1', role: 'ASSISTANT', status: 'STREAMING', text: '', end: null, attempt: 1 },
  };
  const unit = ['Query.conversations', 'Query.conversation', 'Mutation.renameConversation'];

  // Its write only spares later repeats an invocation: sends.test.ts.
  const steps = Object.keys(RESOLVERS.steps).filter((name) => name !== 'step.confirmStart');

  it.each([...steps, ...unit])('of %s is INTERNAL, its cause on one log line alone', (name) => {
    const code = load(name);
    const outcome = code.response(contextOf({ stash, error, args: {} }));
    expect(outcome.error).toMatchObject({ type: 'INTERNAL', message: ERRORS.INTERNAL.message, data: null });
    expect(outcome.error?.errorInfo).toEqual({
      retryable: true,
      retryAfterMs: null,
      stage: 'request',
      requestId: expect.any(String) as unknown,
    });
    const { requestId } = outcome.error?.errorInfo as { requestId: string };
    expect(code.logged).toHaveLength(1);
    expect(code.logged[0]).toContain(`error ${requestId} `);
    expect(code.logged[0]).toContain(`${error.type}: ${secret}`);
    expect(JSON.stringify(outcome)).not.toContain('private words');
  });
});
