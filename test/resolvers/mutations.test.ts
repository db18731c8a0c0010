import { describe, expect, it } from 'vitest';
import {
  CONDITION_FAILED,
  contextOf,
  load,
  NOW_ISO,
  NOW_MS,
  OWNER,
  plain,
  raised,
  resultOf,
} from './deployed.ts';
import { baseStash, message, request, response, writeOf, type Write } from './stored-send.ts';

describe('Mutation.regenerateMessage', () => {
  it('refuses a user message and an absent one', () => {
    const name = 'Mutation.regenerateMessage.readTarget';
    expect(response(name, { id: 'u', role: 'USER' }).error).toEqual(raised('INVALID_INPUT'));
    expect(response(name, null).error).toEqual(raised('NOT_FOUND'));
  });

  it('answers the same user message anew', () => {
    const name = 'Mutation.regenerateMessage.readUserMessage';
    const stash = { target: message({ parentId: 'u1' }) };
    expect(plain((resultOf(request(name, stash)) as Write).key)).toMatchObject({ sk: 'M#u1' });
    const args = { input: { conversationId: 'c1', clientMessageId: 'k1', messageId: 'a1', pacing: 'LIVE' } };
    const outcome = load(name).response(
      contextOf({ stash: { ...baseStash, ...stash }, args, result: { id: 'u1', role: 'USER' } }),
    );
    expect(outcome.stash['request']).toMatchObject({
      kind: 'REGENERATE',
      targetId: 'a1',
      parentId: 'u1',
      userMessageId: 'u1',
      text: null,
      pacing: 'LIVE',
    });
  });
});

describe('Mutation.cancelMessage', () => {
  const flag = 'Mutation.cancelMessage.flagStreaming';
  const endPending = 'Mutation.cancelMessage.endPending';
  const flagClaimed = 'Mutation.cancelMessage.flagClaimed';

  it('flags a STREAMING answer and keeps the time of the first request', () => {
    const write = writeOf(flag);
    expect(write.update.expression).toBe('SET #cancelRequestedAt = if_not_exists(#cancelRequestedAt, :now)');
    expect(plain(write.condition.expressionValues)).toEqual({ ':streaming': 'STREAMING' });
    expect(response(flag, message({ status: 'STREAMING' })).stash['message']).toMatchObject({
      status: 'STREAMING',
    });
  });

  it('is NOT_FOUND for an absent message', () => {
    expect(response(flag, null, {}, CONDITION_FAILED).error).toEqual(raised('NOT_FOUND'));
  });

  it('ends a PENDING answer with the text of earlier attempts', () => {
    const pending = message({ attempt: 3, resumeOffset: 12, resumeReasoningOffset: 4, sha256: 'digest' });
    const write = writeOf(endPending, { message: pending });
    expect(plain(write.condition.expressionValues)).toEqual({ ':pending': 'PENDING', ':attempt': 3 });
    const values = plain(write.update.expressionValues);
    expect(values).toMatchObject({ ':status': 'CANCELLED', ':cancelRequestedAt': NOW_ISO });
    expect(values[':end']).toMatchObject({
      reason: 'CANCELLED',
      length: 12,
      sha256: 'digest',
      reasoningLength: 4,
      continuable: false,
      error: null,
      usage: { inputTokens: 0, outputTokens: 0, source: 'ESTIMATED' },
      cancel: { requestedAt: NOW_ISO, latencyMs: 0, tokensAfterCancel: 0 },
    });
    expect(response(endPending, message({ status: 'CANCELLED' })).stash).toMatchObject({
      shouldSettle: true,
    });
    expect(request('step.settle', { shouldSettle: true }).earlyReturn).toBeUndefined();
  });

  it.each(['STREAMING', 'COMPLETE', 'CANCELLED', 'FAILED', 'INTERRUPTED'])(
    'ends nothing that is %s',
    (status) => {
      expect(request(endPending, { message: message({ status }) }).earlyReturn).toBeDefined();
    },
  );

  it('starts settle again for an answer that ended unclaimed: its END may never have left', () => {
    const met = (stored: object) => response(flag, message(stored), {}, CONDITION_FAILED).stash;
    expect(met({ status: 'CANCELLED' })).toMatchObject({ shouldSettle: true });
    expect(met({ status: 'CANCELLED', claimId: 'request-1:a' })).toMatchObject({ shouldSettle: false });
    expect(met({ status: 'COMPLETE' })).toMatchObject({ shouldSettle: false });
  });

  it('flags an answer that was claimed between the two looks', () => {
    const met = response(endPending, message({ status: 'STREAMING' }), {}, CONDITION_FAILED);
    expect(met.stash).toMatchObject({ shouldSettle: false, message: { status: 'STREAMING' } });
    expect(request(flagClaimed, met.stash).earlyReturn).toBeUndefined();
    const flagged = message({ status: 'STREAMING', cancelRequestedAt: NOW_ISO });
    expect(request(flagClaimed, { message: flagged }).earlyReturn).toBeDefined();
    expect(request(flagClaimed, { message: message({ status: 'COMPLETE' }) }).earlyReturn).toBeDefined();
  });

  it('never claims success for an answer that still waits to be started', () => {
    const outcome = response(flagClaimed, message({ attempt: 2 }), {}, CONDITION_FAILED);
    expect(outcome.error).toMatchObject({ type: 'INTERNAL', errorInfo: { retryable: true } });
  });
});

describe('Mutation.continueMessage', () => {
  const name = 'Mutation.continueMessage.restart';
  const end = {
    length: 20,
    reasoningLength: 5,
    sha256: 'digest',
    continuable: true,
    usage: { inputTokens: 3 },
  };
  const interrupted = message({
    status: 'INTERRUPTED',
    attempt: 2,
    text: 'x'.repeat(20),
    end,
    claimId: 'c',
    cancelRequestedAt: 'x',
  });

  it('makes PENDING out of INTERRUPTED with the next attempt and the receipt as resume point', () => {
    const write = writeOf(name, { message: interrupted });
    const values = plain(write.update.expressionValues);
    expect(values).toMatchObject({
      ':status': 'PENDING',
      ':attempt': 3,
      ':leaseUntil': NOW_MS + 60_000,
      ':resumeOffset': 20,
      ':resumeReasoningOffset': 5,
      ':sha256': 'digest',
      ':end': null,
      ':handovers': 0,
    });
    expect(values[':usage']).toEqual({ inputTokens: 3 });
    expect(write.update.expression).toContain('REMOVE #claimId, #cancelRequestedAt, #startedAt');
    expect(write.update.expression).not.toMatch(/#text|#reasoning\b/);
    expect(plain(write.condition.expressionValues)).toEqual({ ':interrupted': 'INTERRUPTED', ':before': 2 });
    expect(response(name, message({ attempt: 3 }), { message: interrupted }).stash).toMatchObject({
      isRepeat: false,
      shouldGenerate: true,
    });
  });

  it.each([
    ['COMPLETE', end],
    ['FAILED', end],
    ['CANCELLED', end],
    ['INTERRUPTED', { ...end, continuable: false }],
    ['INTERRUPTED', null],
    ['PENDING', null],
    ['STREAMING', null],
  ])('is CONFLICT for a first attempt that is %s with %j', (status, receipt) => {
    expect(request(name, { message: message({ status, end: receipt }) }).error).toEqual(raised('CONFLICT'));
  });

  it.each(['PENDING', 'STREAMING'])('answers a repeat while the next attempt is %s', (status) => {
    const outcome = request(name, { message: message({ status, attempt: 2 }) });
    expect(outcome.earlyReturn).toBeDefined();
    expect(outcome.stash).toMatchObject({ isRepeat: true });
  });

  it('leaves the start to whoever wrote first', () => {
    const met = response(name, message({ attempt: 3 }), { message: interrupted }, CONDITION_FAILED);
    expect(met.stash).toMatchObject({ isRepeat: true, shouldGenerate: false });
    expect(response(name, null, { message: interrupted }, CONDITION_FAILED).error).toEqual(
      raised('NOT_FOUND'),
    );
  });
});

describe('conversations', () => {
  it('are renamed and moved unless absent or deleted', () => {
    const name = 'Mutation.renameConversation';
    const write = writeOf(name, {}, { id: 'c1', title: 'T' });
    expect(plain(write.update.expressionValues)).toEqual({
      ':title': 'T',
      ':updatedAt': NOW_ISO,
      ':listSort': `${NOW_ISO}#c1`,
    });
    expect(write.condition.expression).toBe('attribute_exists(#pk) AND attribute_not_exists(#deletedAt)');
    const refused = response(name, { deletedAt: 'x' }, {}, CONDITION_FAILED);
    expect(refused.error).toEqual(raised('NOT_FOUND'));
    expect(response(name, null, {}, CONDITION_FAILED).error).toEqual(refused.error);
  });

  it('become tombstones that keep their first date and no title, and are purged', () => {
    const write = writeOf('Mutation.deleteConversation.hide');
    expect(write.update.expression).toBe(
      'SET #deletedAt = if_not_exists(#deletedAt, :now) REMOVE #listOwner, #listSort, #title, #lastMessageId',
    );
    const absent = response('Mutation.deleteConversation.hide', null, {}, CONDITION_FAILED);
    expect(absent.error).toEqual(raised('NOT_FOUND'));
    expect(resultOf(request('Mutation.deleteConversation.purge'))).toEqual({
      operation: 'Invoke',
      invocationType: 'Event',
      payload: { owner: OWNER, conversationId: 'c1' },
    });
    const answer = load('Mutation.deleteConversation').response(contextOf({ args: { id: 'c1' } }));
    expect(answer.result).toBe('c1');
  });
});

const SUBSCRIPTION = { ...contextOf().info, fieldName: 'onTokens', parentTypeName: 'Subscription' };

describe('publishing and subscribing', () => {
  it('passes a batch on as it is', () => {
    const batch = { conversationId: 'c1', text: 'w' };
    const name = 'Mutation.publishTokens';
    expect(resultOf(load(name).request(contextOf({ args: { input: batch } })))).toEqual({ payload: batch });
    expect(resultOf(load(name).response(contextOf({ result: batch })))).toEqual(batch);
  });

  it.each([
    [{ conversationId: 'c1' }, []],
    [{ conversationId: 'c1', messageId: null }, []],
    [{ conversationId: 'c1', messageId: 'm1' }, [{ fieldName: 'messageId', operator: 'eq', value: 'm1' }]],
  ])('filters a subscription to %j by owner and conversation', (args, more) => {
    const outcome = load('Subscription.onTokens').response(
      contextOf({ args, stash: { owner: OWNER }, info: SUBSCRIPTION }),
    );
    expect(outcome.result).toBeNull();
    expect(outcome.subscriptionFilter).toEqual({
      filterGroup: [
        {
          filters: [
            { fieldName: 'owner', operator: 'eq', value: OWNER },
            { fieldName: 'conversationId', operator: 'eq', value: 'c1' },
            ...more,
          ],
        },
      ],
    });
  });
});
