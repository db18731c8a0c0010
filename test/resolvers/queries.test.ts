import { describe, expect, it } from 'vitest';
import { MAX_STATE_PAGE_UNITS } from '../../protocol/limits.ts';
import { contextOf, load, NOW_MS, OWNER, plain, raised, resultOf } from './deployed.ts';

const PAGE = { text: '', reasoning: '', throughSeq: -1, more: false };
const message = (over: object = {}) => ({
  pk: `${OWNER}#c1`,
  sk: 'M#m1',
  id: 'm1',
  conversationId: 'c1',
  owner: OWNER,
  role: 'ASSISTANT',
  status: 'STREAMING',
  attempt: 2,
  text: '0123456789',
  reasoning: 'abcd',
  resumeOffset: 10,
  resumeReasoningOffset: 4,
  leaseUntil: NOW_MS + 1_000,
  end: null,
  ...over,
});
const stash = (over: object = {}) => ({
  owner: OWNER,
  conversationId: 'c1',
  messageId: 'm1',
  nowMs: NOW_MS,
  shouldGenerate: false,
  page: PAGE,
  message: message(),
  ...over,
});

describe('Query.conversation', () => {
  const code = load('Query.conversation');

  it('reads one item, strongly consistent', () => {
    const request = resultOf(code.request(contextOf({ args: { id: 'c1' } }))) as Record<string, unknown>;
    expect(request).toMatchObject({ operation: 'GetItem', consistentRead: true });
    expect(plain(request['key'])).toEqual({ pk: `${OWNER}#c1`, sk: 'C' });
  });

  it('answers a deleted conversation exactly like an absent one', () => {
    const deleted = code.response(contextOf({ result: { id: 'c1', deletedAt: 'x' } }));
    expect(deleted.error).toEqual(raised('NOT_FOUND'));
    expect(code.response(contextOf({ result: null })).error).toEqual(deleted.error);
  });
});

describe('Query.conversations', () => {
  const code = load('Query.conversations');

  it('queries the index backwards, 50 unless asked otherwise', () => {
    const request = resultOf(code.request(contextOf())) as Record<string, unknown>;
    expect(request).toMatchObject({
      operation: 'Query',
      index: 'listing',
      scanIndexForward: false,
      limit: 50,
    });
    const { expressionValues } = request['query'] as Record<string, unknown>;
    expect(plain(expressionValues)).toEqual({ ':owner': OWNER });
    expect(resultOf(code.request(contextOf({ args: { limit: 7, nextToken: 'n' } })))).toMatchObject({
      limit: 7,
      nextToken: 'n',
    });
  });

  it('answers items and token, empty when there is nothing', () => {
    expect(resultOf(code.response(contextOf({ result: { items: [{ id: 'c1' }], nextToken: 'n' } })))).toEqual(
      {
        items: [{ id: 'c1' }],
        nextToken: 'n',
      },
    );
    expect(resultOf(code.response(contextOf({ result: { items: [], nextToken: null } })))).toEqual({
      items: [],
      nextToken: null,
    });
  });
});

describe.each(['Query.conversations', 'Query.messages.list'])('a page token given to %s', (name) => {
  const failure = (type: string) => ({ type, message: 'internal words' });

  it.each(['MappingTemplate', 'DynamoDB:ValidationException', 'DynamoDB:UserIllegalArgumentException'])(
    'that fails with %s is INVALID_INPUT',
    (type) => {
      const outcome = load(name).response(contextOf({ args: { nextToken: 'forged' }, error: failure(type) }));
      expect(outcome.error).toEqual(raised('INVALID_INPUT'));
    },
  );

  it('that is empty is INVALID_INPUT', () => {
    const outcome = load(name).response(
      contextOf({ args: { nextToken: '' }, error: failure('MappingTemplate') }),
    );
    expect(outcome.error).toEqual(raised('INVALID_INPUT'));
  });

  it.each([undefined, null])('that is %j is not blamed', (nextToken) => {
    const outcome = load(name).response(
      contextOf({ args: { nextToken }, error: failure('MappingTemplate') }),
    );
    expect(outcome.error?.type).toBe('INTERNAL');
  });

  it.each([
    'DynamoDB:AccessDeniedException',
    'DynamoDB:ProvisionedThroughputExceededException',
    'DynamoDB:ThrottlingException',
    'DynamoDB:RequestLimitExceeded',
    'DynamoDB:InternalServerError',
    'DynamoDB:SdkClientException',
  ])('is not blamed for %s, which is INTERNAL and worth a repeat', (type) => {
    const outcome = load(name).response(contextOf({ args: { nextToken: 'good' }, error: failure(type) }));
    expect(outcome.error).toMatchObject({ type: 'INTERNAL', errorInfo: { retryable: true } });
  });
});

describe('Query.messages', () => {
  it('lists by key backwards, strongly consistent', () => {
    const request = resultOf(
      load('Query.messages.list').request(contextOf({ args: { conversationId: 'c1' }, stash: stash() })),
    ) as Record<string, unknown>;
    expect(request).toMatchObject({ consistentRead: true, scanIndexForward: false, limit: 50 });
    const { expressionValues } = request['query'] as Record<string, unknown>;
    expect(plain(expressionValues)).toEqual({ ':pk': `${OWNER}#c1`, ':prefix': 'M#' });
  });

  it.each([
    [null, false],
    [{ id: 'c1', deletedAt: 'x' }, false],
    [{ id: 'c1', deletedAt: 'x' }, true],
  ])('answers NOT_FOUND for the conversation %j when mayCreate is %j', (result, mayCreate) => {
    const outcome = load('step.readConversation').response(
      contextOf({ result, stash: stash({ mayCreate }) }),
    );
    expect(outcome.error).toEqual(raised('NOT_FOUND'));
  });

  it('lets a send create an absent conversation', () => {
    const outcome = load('step.readConversation').response(
      contextOf({ result: null, stash: stash({ mayCreate: true }) }),
    );
    expect(outcome.error).toBeUndefined();
  });
});

describe('Query.messageState', () => {
  const run = (
    name: string,
    handler: 'request' | 'response',
    over: object = {},
    args = {},
    result?: unknown,
  ) => load(name)[handler](contextOf({ args, stash: stash(over), result }));

  it('answers NOT_FOUND for an absent message', () => {
    expect(run('step.readMessage', 'response', {}, {}, null).error).toEqual(raised('NOT_FOUND'));
  });

  it('takes stored text from the item without a read', () => {
    const outcome = run('Query.messageState.readText', 'request', {}, { fromOffset: 3 });
    expect(outcome.earlyReturn).toBeDefined();
    expect(outcome.stash['page']).toEqual({ ...PAGE, text: '3456789' });
  });

  it('asks for the text items from one item before the offset when the text is longer than the item', () => {
    const long = message({
      status: 'COMPLETE',
      end: { length: 300_000, reasoningLength: 0 },
      textAttempt: 1,
    });
    const outcome = run('Query.messageState.readText', 'request', { message: long }, { fromOffset: 100_000 });
    const request = resultOf(outcome) as { query: { expressionValues: unknown } };
    expect(request).toMatchObject({
      operation: 'Query',
      consistentRead: true,
      scanIndexForward: true,
      limit: 3,
    });
    expect(plain(request.query.expressionValues)).toMatchObject({
      ':from': 'T#m1#000000001#TEXT#000034465',
      ':to': 'T#m1#000000001#TEXT#~',
    });
  });

  it('reads nothing of a part behind its end, and nothing more once the page is full', () => {
    for (const [name, over, args] of [
      ['Query.messageState.readText', {}, { fromOffset: 10 }],
      ['Query.messageState.readReasoning', {}, { fromReasoningOffset: 99 }],
      ['Query.messageState.readReasoning', { page: { ...PAGE, more: true } }, {}],
      ['Query.messageState.readLogBefore', { page: { ...PAGE, more: true } }, { fromOffset: 20 }],
      ['Query.messageState.readLog', { page: { ...PAGE, more: true } }, {}],
    ] as const) {
      const outcome = run(name, 'request', over, args);
      expect(outcome.earlyReturn).toEqual({ value: null, skipTo: 'NEXT' });
      expect(outcome.stash['page']).toEqual(stash(over).page);
    }
  });

  it.each(['PENDING', 'COMPLETE', 'CANCELLED', 'FAILED', 'INTERRUPTED'])(
    'reads no log while %s',
    (status) => {
      const over = { message: message({ status }) };
      for (const step of ['readLogBefore', 'readLog'])
        expect(
          run(`Query.messageState.${step}`, 'request', over, { fromOffset: 50 }).earlyReturn,
        ).toBeDefined();
    },
  );

  it('reads the log from the asked position on, and the one batch before it backwards', () => {
    const args = { fromOffset: 20, fromReasoningOffset: 6 };
    const log = resultOf(run('Query.messageState.readLog', 'request', {}, args)) as {
      query: { expressionValues: unknown };
    };
    expect(log).toMatchObject({ consistentRead: true, scanIndexForward: true, limit: 800 });
    expect(plain(log.query.expressionValues)).toMatchObject({ ':from': 'L#m1#000000026', ':to': 'L#m1#~' });
    const before = resultOf(run('Query.messageState.readLogBefore', 'request', {}, args)) as {
      query: { expressionValues: unknown };
    };
    expect(before).toMatchObject({ consistentRead: true, scanIndexForward: false, limit: 1 });
    expect(plain(before.query.expressionValues)).toMatchObject({
      ':from': 'L#m1#000000014',
      ':to': 'L#m1#000000025#~',
    });
    expect(
      run('Query.messageState.readLogBefore', 'request', {}, { fromOffset: 10 }).earlyReturn,
    ).toBeDefined();
  });

  it('joins batches of the newest attempt, leaves out seals, old attempts and what follows a hole', () => {
    const item = (kind: string, attempt: number, seq: number, offset: number, text: string) => ({
      kind,
      attempt,
      seq,
      part: 'TEXT',
      offset,
      text,
    });
    const items = [
      item('SEAL', 1, 3, 0, ''),
      item('BATCH', 1, 4, 10, 'old'),
      item('BATCH', 2, 1, 10, 'abc'),
      item('BATCH', 2, 2, 13, 'def'),
      item('BATCH', 2, 4, 20, 'hole'),
    ];
    const over = { page: { ...PAGE, text: '0123456789' } };
    const outcome = run('Query.messageState.readLog', 'response', over, {}, { items, nextToken: null });
    expect(outcome.stash['page']).toEqual({
      text: '0123456789abcdef',
      reasoning: '',
      throughSeq: 2,
      more: false,
    });
  });

  it('takes only what follows both offsets out of a batch that begins before them', () => {
    const items = [{ kind: 'BATCH', attempt: 2, seq: 1, part: 'REASONING', offset: 4, text: 'efgh' }];
    const args = { fromOffset: 10, fromReasoningOffset: 6 };
    const outcome = run('Query.messageState.readLogBefore', 'response', {}, args, { items });
    expect(outcome.stash['page']).toEqual({ ...PAGE, reasoning: 'gh', throughSeq: 1 });
  });

  it('says more when the query has another page or the budget ends', () => {
    const next = run('Query.messageState.readLog', 'response', {}, {}, { items: [], nextToken: 'n' });
    expect(next.stash['page']).toMatchObject({ more: true });
    const full = 'x'.repeat(MAX_STATE_PAGE_UNITS);
    const items = [{ kind: 'BATCH', attempt: 2, seq: 1, part: 'TEXT', offset: full.length, text: 'y' }];
    const over = { page: { ...PAGE, text: full } };
    const budget = run('Query.messageState.readLog', 'response', over, {}, { items, nextToken: null });
    expect(budget.stash['page']).toEqual({ text: full, reasoning: '', throughSeq: -1, more: true });
  });

  it('answers the receipt with the last page alone', () => {
    const end = { length: 10 };
    const terminal = message({ status: 'COMPLETE', end });
    const last = run('Query.messageState', 'response', { message: terminal }, { fromOffset: 4 });
    expect(resultOf(last)).toEqual({
      messageId: 'm1',
      status: 'COMPLETE',
      attempt: 2,
      resumeOffset: 10,
      resumeReasoningOffset: 4,
      offset: 4,
      text: '',
      reasoningOffset: 0,
      reasoning: '',
      throughSeq: -1,
      more: false,
      end,
    });
    const first = run('Query.messageState', 'response', { message: terminal, page: { ...PAGE, more: true } });
    expect(resultOf(first)).toMatchObject({ more: true, end: null });
  });

  it.each([
    ['STREAMING', NOW_MS - 3_001, true],
    ['PENDING', NOW_MS - 3_001, true],
    ['STREAMING', NOW_MS - 3_000, false],
    ['COMPLETE', NOW_MS - 99_999, false],
  ])('of a %s message with the lease at %i starts settle: %j', (status, leaseUntil, starts) => {
    const outcome = run('step.settle', 'request', { message: message({ status, leaseUntil }) });
    expect(outcome.earlyReturn === undefined).toBe(starts);
    if (!starts) return;
    expect(resultOf(outcome)).toEqual({
      operation: 'Invoke',
      invocationType: 'Event',
      payload: { owner: OWNER, conversationId: 'c1', messageId: 'm1', attempt: 2 },
    });
  });

  it('leaves settle alone while this request starts the worker itself', () => {
    const suspect = message({ status: 'PENDING', leaseUntil: NOW_MS - 60_000 });
    const outcome = run('step.settle', 'request', { message: suspect, shouldGenerate: true });
    expect(outcome.earlyReturn).toBeDefined();
  });
});
