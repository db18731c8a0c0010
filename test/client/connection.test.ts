import { describe, expect, it } from 'vitest';
import { ChatError } from '../../client/index.ts';
import { batch, fakeConversation, message, receipt, runningAnswer, state } from './fake-service.ts';
import { settled } from './manual-clock.ts';

const network = () => new ChatError('NETWORK');

describe('the connection of a conversation', () => {
  it('opens with the first listener, connects, and is live once acknowledged', async () => {
    const { service, conversation } = fakeConversation();
    expect(conversation.getSnapshot().connection).toBe('connecting');
    await settled();

    service.current.observer.onAck();
    await settled();

    expect(conversation.getSnapshot()).toMatchObject({ connection: 'live', error: undefined });
    expect([service.subscriptions.length, service.count('messages')]).toEqual([1, 1]);
  });

  it('lists once more 2 s after the acknowledgement', async () => {
    const { service, clock, conversation } = fakeConversation();
    await settled();
    service.current.observer.onAck();
    await clock.advance(1_999);
    expect(service.count('messages')).toBe(1);
    service.stored.push(message({ id: 'm1-0', role: 'USER', text: 'unseen', status: 'COMPLETE' }));
    await clock.advance(1);

    expect(service.count('messages')).toBe(2);
    expect(conversation.getSnapshot().messages).toMatchObject([{ text: 'unseen' }]);
  });

  it('subscribes anew 0.5 s after a loss, drops the old one then, and catches up after the acknowledgement', async () => {
    const { service, clock, conversation, answer } = await runningAnswer();
    const old = service.current;
    old.observer.onLost(network());
    expect(conversation.getSnapshot().connection).toBe('reconnecting');

    await clock.advance(499);
    expect(service.subscriptions).toHaveLength(1);
    expect(old.isEnded).toBe(false);
    await clock.advance(1);
    expect(service.subscriptions).toHaveLength(2);
    expect(old.isEnded).toBe(true);
    expect(service.count('messageState')).toBe(0);

    service.answers.messageState = () => state({ text: 'missed', throughSeq: 3 });
    service.current.observer.onAck();
    await settled();

    expect(answer()?.text).toBe('missed');
    expect(conversation.getSnapshot().connection).toBe('live');
  });

  it('is not live before everything that was missed is read', async () => {
    const { service, clock, states } = await runningAnswer();
    service.answers.messageState = () => state({ text: 'missed', throughSeq: 3 });
    service.current.observer.onLost(network());
    await clock.advance(500);
    states.length = 0;

    service.current.observer.onAck();
    await settled();

    const told = states.map(({ connection }) => connection);
    expect(told.filter((connection, index) => connection !== told[index - 1])).toEqual([
      'catching-up',
      'live',
    ]);
  });

  it('subscribes anew 0.5 s after the first sign of a loss, however often it is told', async () => {
    const { service, clock } = await runningAnswer();
    service.current.observer.onLost(network());
    service.current.observer.onLost(network());
    await clock.advance(300);
    service.current.observer.onLost(network());
    await clock.advance(200);

    expect(service.subscriptions).toHaveLength(2);
  });

  it('does not try before the service allows it, also when the page wakes', async () => {
    const { service, clock, wakes } = await runningAnswer();
    const answering = service.answers.messages as () => unknown;
    service.answers.messages = () => new ChatError('RATE_LIMITED', { retryAfterMs: 5_000 });
    service.current.observer.onLost(network());
    await clock.advance(500);
    service.answers.messages = answering;
    service.requests.length = 0;

    for (const wake of wakes) wake();
    await clock.advance(4_999);
    expect(service.requests).toEqual([]);
    await clock.advance(1);

    expect(service.subscriptions).toHaveLength(2);
  });

  it('is offline while the service does not answer, and asks with backoff before it subscribes', async () => {
    const { service, clock, conversation } = await runningAnswer();
    const answering = service.answers.messages;
    service.answers.messages = () => network();
    service.answers.messageState = () => network();
    service.current.observer.onLost(network());

    await clock.advance(500);
    expect(conversation.getSnapshot()).toMatchObject({ connection: 'offline', error: { code: 'NETWORK' } });
    await clock.advance(1_000 + 2_000 + 4_000 + 8_000 + 8_000);
    expect(service.count('messages')).toBe(6);
    expect(service.subscriptions).toHaveLength(1);

    service.answers.messages = answering as () => unknown;
    await clock.advance(8_000);
    expect(service.subscriptions).toHaveLength(2);
  });

  it('is not offline any more, and tries at once, when any request is answered', async () => {
    const { service, clock, conversation } = await runningAnswer();
    const answering = service.answers.messages as () => unknown;
    service.answers.messages = () => network();
    service.answers.cancelMessage = () => network();
    service.current.observer.onLost(network());
    const cancelled = conversation.cancel('m1-1');
    await clock.advance(5_000);
    expect(conversation.getSnapshot().connection).toBe('offline');

    service.answers.messages = answering;
    service.answers.cancelMessage = () => message({ id: 'm1-1', parentId: 'm1-0', status: 'STREAMING' });
    for (let waited = 0; conversation.getSnapshot().connection === 'offline' && waited < 8_000; waited += 100)
      await clock.advance(100);
    await cancelled;

    expect(conversation.getSnapshot().connection).toBe('reconnecting');
    expect(service.subscriptions).toHaveLength(2);
  });

  it('tries at once when the page wakes', async () => {
    const { service, clock, wakes } = await runningAnswer();
    service.answers.messages = () => network();
    service.current.observer.onLost(network());
    await clock.advance(3_000);
    service.answers.messages = () => ({ items: [], nextToken: null });

    for (const wake of wakes) wake();
    await settled();

    expect(service.subscriptions).toHaveLength(2);
  });

  it('lists again and asks for what runs when the page wakes while connected', async () => {
    const { service, wakes } = await runningAnswer();

    for (const wake of wakes) wake();
    await settled();

    expect([service.count('messages'), service.count('messageState')]).toEqual([1, 1]);
  });

  it('hears nothing of a subscription it has replaced', async () => {
    const { service, clock, conversation, answer } = await runningAnswer();
    const old = service.current;
    old.observer.onLost(network());
    await clock.advance(500);
    service.current.observer.onAck();
    await settled();

    old.observer.onLost(network());
    old.observer.onBatch(batch({ seq: 1, text: 'stale' }));

    expect(conversation.getSnapshot().connection).toBe('live');
    expect(answer()?.text).toBe('');
  });

  it('takes an acknowledgement that the transport got by itself', async () => {
    const { service, clock, conversation } = await runningAnswer();
    service.current.observer.onLost(network());
    service.current.observer.onAck();
    await clock.advance(5_000);

    expect(conversation.getSnapshot().connection).toBe('live');
    expect(service.subscriptions).toHaveLength(1);
  });

  it('gives up a subscription that nobody acknowledges within 10 s', async () => {
    const { service, clock } = fakeConversation();
    await clock.advance(9_999);
    expect(service.current.isEnded).toBe(false);
    await clock.advance(1);
    expect(service.current.isEnded).toBe(true);
    await clock.advance(500);

    expect(service.subscriptions).toHaveLength(2);
  });

  it('lists when a batch names a message it does not have, and shows it together with its question', async () => {
    const { service, clock, conversation, answer } = fakeConversation();
    await settled();
    service.current.observer.onAck();
    await clock.advance(2_000);
    const listed = service.count('messages');
    service.stored.push(message({ id: 'm1-0', role: 'USER', text: 'from another tab', status: 'COMPLETE' }));
    service.stored.push(message({ id: 'm1-1', parentId: 'm1-0', status: 'STREAMING' }));
    service.answers.messageState = () => state({ text: 'a', throughSeq: 1 });

    service.current.observer.onBatch(batch({ seq: 1, text: 'a' }));
    service.current.observer.onBatch(batch({ seq: 2, offset: 1, text: 'b' }));
    expect(conversation.getSnapshot().messages).toEqual([]);
    await settled();

    expect(answer()).toMatchObject({ text: 'ab', parentId: 'm1-0' });
    expect(service.count('messages')).toBe(listed + 1);
    expect(conversation.getSnapshot().messages.map(({ text }) => text)).toEqual(['from another tab', 'ab']);
  });

  it('shows an answer without its question when the listing does not name it', async () => {
    const { service, clock, answer } = fakeConversation();
    await settled();
    service.current.observer.onAck();
    await clock.advance(2_000);
    service.answers.messages = () => new ChatError('NETWORK');

    service.current.observer.onBatch(batch({ seq: 1, text: 'a' }));
    await clock.advance(10_000);
    expect(answer()).toBeUndefined();
    service.answers.messages = () => ({ items: [], nextToken: null });
    await clock.advance(10_000);

    expect(answer()?.text).toBe('a');
  });

  it('ends with everything it waits for when it is closed, and lets go of the subscription and the timers', async () => {
    const { service, clock, conversation, states } = await runningAnswer();
    conversation.close();
    const told = states.length;
    service.current.observer.onBatch(batch({ seq: 1, text: 'late' }));
    await clock.advance(60_000);

    expect(service.current.isEnded).toBe(true);
    expect([states.length, service.requests.length]).toEqual([told, 0]);
  });

  it('ends when what was stored is gone', async () => {
    const { service, clock, conversation } = await runningAnswer();
    service.answers.messageState = () => new ChatError('NOT_FOUND');
    await clock.advance(12_000);

    expect(conversation.getSnapshot().error?.code).toBe('NOT_FOUND');
    expect(service.current.isEnded).toBe(true);
  });
});

describe('many reconnects', () => {
  it('leave one subscription open, and none once closed', async () => {
    const { service, clock, conversation } = await runningAnswer();
    for (let round = 0; round < 50; round += 1) {
      service.current.observer.onLost(network());
      await clock.advance(500);
      // Every third one is lost before it was acknowledged.
      if (round % 3 === 0) {
        service.current.observer.onLost(network());
        await clock.advance(1_000);
      }
      service.current.observer.onAck();
      await clock.advance(10);
    }

    expect(service.subscriptions.length).toBeGreaterThan(50);
    expect(service.subscriptions.filter(({ isEnded }) => !isEnded)).toEqual([service.current]);
    expect(conversation.getSnapshot().connection).toBe('live');
    conversation.close();
    expect(service.subscriptions.every(({ isEnded }) => isEnded)).toBe(true);
    expect(clock.pending).toBe(0);
  });
});

describe('an id that no conversation can have', () => {
  it('is refused at once: nothing is asked for, and nothing is repeated', async () => {
    const { service, chat, clock, conversation: other } = fakeConversation();
    await settled();
    other.close();
    service.requests.length = 0;
    const subscriptions = service.subscriptions.length;
    const conversation = chat.conversation('a b');
    conversation.subscribe(() => undefined);

    await expect(conversation.send({ text: 'hi' })).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    await clock.advance(60_000);

    expect(conversation.getSnapshot()).toMatchObject({
      connection: 'offline',
      error: { code: 'INVALID_INPUT' },
    });
    expect([service.requests, service.subscriptions.length]).toEqual([[], subscriptions]);
  });
});

describe('a snapshot', () => {
  it('is the same object while nothing changes, and messages that did not change keep theirs', async () => {
    const { hear, conversation, states } = await runningAnswer();
    const before = conversation.getSnapshot();
    await hear(batch(), batch({ kind: 'HEARTBEAT' }));
    expect(conversation.getSnapshot()).toBe(before);
    const told = states.length;

    await hear(batch({ seq: 1, text: 'a' }));

    const after = conversation.getSnapshot();
    expect(states.length).toBe(told + 1);
    expect(after).not.toBe(before);
    expect(after.messages[0]).toBe(before.messages[0]);
    expect(after.messages[1]).not.toBe(before.messages[1]);
    await hear(batch({ seq: 1, text: 'a' }));
    expect(conversation.getSnapshot()).toBe(after);
  });

  it('announces the reveal time of the newest batch, and none once settled', async () => {
    const { hear, answer } = await runningAnswer();

    await hear(batch({ seq: 1, text: 'a', nextWithinMs: 80 }));
    expect(answer()?.nextWithinMs).toBe(80);
    await hear(batch({ seq: 2, offset: 1, end: receipt('a') }));

    expect(answer()?.nextWithinMs).toBe(0);
  });
});
