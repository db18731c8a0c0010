import { describe, expect, it } from 'vitest';
import { EMPTY_SHA256 } from '../../protocol/items.ts';
import { CONDITION_FAILED, NOW_ISO, NOW_MS, OWNER, plain, raised, resultOf } from './deployed.ts';
import { input, message, request, requestItem, response, ULID, writeOf, type Write } from './stored-send.ts';

describe('the parent of a send', () => {
  const name = 'Mutation.sendMessage.readParent';
  const conversation = { id: 'c1', lastMessageId: 'last' };

  it.each([
    ['omitted in a new conversation: none', { input, conversation: null }, null, 'omitted'],
    ['omitted: the last message', { input, conversation }, 'last', 'omitted'],
    ['null: a new root', { input: { ...input, parentId: null }, conversation }, null, 'root'],
  ])('%s, without a read', (_, stash, parentId, givenParent) => {
    const outcome = request(name, stash);
    expect(outcome.earlyReturn).toBeDefined();
    expect(outcome.stash['request']).toMatchObject({ parentId, givenParent, givenParentId: null });
  });

  it('given: must exist', () => {
    const stash = { input: { ...input, parentId: 'p1' } };
    const read = resultOf(request(name, stash)) as Write;
    expect(read).toMatchObject({ operation: 'GetItem', consistentRead: true });
    expect(plain(read.key)).toEqual({ pk: `${OWNER}#c1`, sk: 'M#p1' });
    expect(response(name, null, stash).error).toEqual(raised('NOT_FOUND'));
    expect(response(name, { id: 'p1' }, stash).stash['request']).toMatchObject({
      parentId: 'p1',
      givenParent: 'message',
      givenParentId: 'p1',
    });
  });
});

describe('the first write', () => {
  const name = 'step.claimRequest';

  it('puts the request item where nothing is', () => {
    const write = writeOf(name);
    expect(write).toMatchObject({
      operation: 'PutItem',
      condition: { expression: 'attribute_not_exists(#pk)', expressionNames: { '#pk': 'pk' } },
    });
    expect(write.condition).not.toHaveProperty('expressionValues');
    expect(plain(write.attributeValues)).toEqual(requestItem());
    expect(response(name, requestItem()).stash).toMatchObject({ deduplicated: false });
  });

  it('meets the stored one on a repeat and goes on with its ids', () => {
    const stored = requestItem({
      ulid: 'EARLIER',
      userMessageId: 'EARLIER-0',
      parentId: 'p0',
      createdAt: 'then',
    });
    const outcome = response(name, stored, {}, CONDITION_FAILED);
    expect(outcome.error).toBeUndefined();
    expect(outcome.stash).toMatchObject({ deduplicated: true, request: stored });
  });

  it.each([
    { kind: 'REGENERATE' },
    { text: 'other' },
    { givenParent: 'root' },
    { givenParent: 'message', givenParentId: 'p1' },
    { targetId: 'm0' },
    { model: 'model-b' },
    { pacing: 'LIVE' },
  ])('is CONFLICT when the stored one has %j', (other) => {
    expect(response(name, requestItem(other), {}, CONDITION_FAILED).error).toEqual(raised('CONFLICT'));
  });
});

describe('the conversation of a send', () => {
  const name = 'step.touchConversation';

  it('is created or moved forward only, and never out of its tombstone', () => {
    const write = writeOf(name, { title: 'hello' });
    expect(write.update.expression).toContain('if_not_exists(#createdAt, :createdAt)');
    expect(write.update.expression).toContain('if_not_exists(#title, :title)');
    expect(write.condition.expression).toBe(
      'attribute_not_exists(#deletedAt) AND (attribute_not_exists(#lastMessageId) OR #lastMessageId < :lastMessageId)',
    );
    expect(plain(write.update.expressionValues)).toMatchObject({
      ':title': 'hello',
      ':lastMessageId': `${ULID}-1`,
      ':listOwner': OWNER,
      ':listSort': `${NOW_ISO}#c1`,
    });
  });

  it('gets no title from a regenerate', () => {
    expect(writeOf(name).update.expression).not.toContain('title');
  });

  it('is NOT_FOUND when it was deleted meanwhile, and fine when a later send was first', () => {
    const deleted = response(name, { id: 'c1', deletedAt: 'x' }, {}, CONDITION_FAILED);
    expect(deleted.error).toEqual(raised('NOT_FOUND'));
    const later = { id: 'c1', lastMessageId: 'zz' };
    expect(response(name, later, {}, CONDITION_FAILED).stash['conversation']).toEqual(later);
  });
});

describe('the messages of a send', () => {
  it('are built from the request item alone', () => {
    const user = plain(writeOf('Mutation.sendMessage.putUserMessage').attributeValues);
    expect(user).toMatchObject({
      id: `${ULID}-0`,
      role: 'USER',
      status: 'COMPLETE',
      text: 'hello',
      parentId: null,
    });
    const assistant = plain(writeOf('step.putAssistantMessage').attributeValues);
    expect(assistant).toMatchObject({
      id: `${ULID}-1`,
      role: 'ASSISTANT',
      status: 'PENDING',
      attempt: 1,
      parentId: `${ULID}-0`,
      pacing: 'BALANCED',
      sha256: EMPTY_SHA256,
      leaseUntil: NOW_MS + 60_000,
    });
  });

  it('are invoked when new; a repeat meets the stored one and invokes nothing yet', () => {
    const fresh = response('step.putAssistantMessage', message());
    expect(fresh.stash).toMatchObject({ isRepeat: false, shouldGenerate: true });
    const done = message({ status: 'COMPLETE' });
    const repeat = response('step.putAssistantMessage', done, {}, CONDITION_FAILED);
    expect(repeat.stash).toMatchObject({ isRepeat: true, shouldGenerate: false, message: done });
  });
});

describe('a repeat while PENDING', () => {
  const name = 'step.renewStart';

  it('starts the worker again without a write while the start-by time is not past', () => {
    const known = message({ invokedAt: NOW_MS - 2_000, leaseUntil: NOW_MS });
    for (const stored of [message({ invokedAt: 0 }), known]) {
      const decided = request(name, { isRepeat: true, message: stored });
      expect(decided.earlyReturn).toBeDefined();
      expect(decided.stash).toMatchObject({ shouldGenerate: true, message: stored });
    }
  });

  it('is held back for 2 s by an invocation that was made, past the start-by time too', () => {
    const stored = message({ invokedAt: NOW_MS - 1_999, leaseUntil: NOW_MS - 1 });
    const decided = request(name, { isRepeat: true, message: stored });
    expect(decided.earlyReturn).toBeDefined();
    expect(decided.stash).toMatchObject({ shouldGenerate: false });
  });

  it('first sets a new start-by time when the old one is past, never an earlier one', () => {
    const write = writeOf(name, {
      isRepeat: true,
      message: message({ invokedAt: 0, leaseUntil: NOW_MS - 1 }),
    });
    expect(write.condition.expression).toContain('#leaseUntil < :leaseUntil');
    expect(plain(write.condition.expressionValues)).toEqual({
      ':pending': 'PENDING',
      ':attempt': 1,
      ':leaseUntil': NOW_MS + 60_000,
    });
    expect(plain(write.update.expressionValues)).toEqual({ ':leaseUntil': NOW_MS + 60_000 });
    const renewed = response(name, message({ invokedAt: 0 }), { isRepeat: true });
    expect(renewed.stash).toMatchObject({ shouldGenerate: true });
  });

  it('starts the worker when another repeat set the new time, for that one may fail to', () => {
    const outcome = response(name, message({ invokedAt: 0 }), { isRepeat: true }, CONDITION_FAILED);
    expect(outcome.error).toBeUndefined();
    expect(outcome.stash).toMatchObject({ shouldGenerate: true });
  });

  it('starts nothing when the answer was claimed meanwhile', () => {
    const outcome = response(name, message({ status: 'STREAMING' }), { isRepeat: true }, CONDITION_FAILED);
    expect(outcome.error).toBeUndefined();
    expect(outcome.stash).toMatchObject({ shouldGenerate: false, message: { status: 'STREAMING' } });
  });

  it.each([
    [false, 'PENDING', true],
    [true, 'STREAMING', false],
    [true, 'COMPLETE', false],
  ])('writes nothing when isRepeat is %j and the message %s', (isRepeat, status, shouldGenerate) => {
    const stash = { isRepeat, shouldGenerate, message: message({ status }) };
    const decided = request(name, stash);
    expect(decided.earlyReturn).toBeDefined();
    expect(decided.stash).toMatchObject({ shouldGenerate });
  });

  it('starts the worker as an event, only when asked to', () => {
    expect(request('step.generate', { shouldGenerate: false }).earlyReturn).toBeDefined();
    expect(resultOf(request('step.generate', { shouldGenerate: true }))).toEqual({
      operation: 'Invoke',
      invocationType: 'Event',
      payload: { owner: OWNER, conversationId: 'c1', messageId: `${ULID}-1`, attempt: 1 },
    });
  });

  it('marks the invocation that it made, and succeeds whatever becomes of the mark', () => {
    const write = writeOf('step.confirmStart', { isRepeat: true, shouldGenerate: true });
    expect(plain(write.update.expressionValues)).toEqual({ ':invokedAt': NOW_MS });
    expect(plain(write.condition.expressionValues)).toEqual({ ':pending': 'PENDING', ':attempt': 1 });
    for (const error of [CONDITION_FAILED, { type: 'DynamoDB:ServiceUnavailable', message: 'timed out' }])
      expect(response('step.confirmStart', null, { isRepeat: true }, error).error).toBeUndefined();
  });

  it.each([
    [false, true],
    [true, false],
  ])('marks nothing when isRepeat is %j and shouldGenerate %j', (isRepeat, shouldGenerate) => {
    expect(request('step.confirmStart', { isRepeat, shouldGenerate }).earlyReturn).toBeDefined();
  });
});
