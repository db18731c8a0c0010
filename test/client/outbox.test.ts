import { describe, expect, it } from 'vitest';
import { ChatError, type Variables } from '../../client/index.ts';
import { accepted, batch, fakeConversation, FakeService, message, receipt } from './fake-service.ts';
import { settled } from './manual-clock.ts';

async function live(service = new FakeService()) {
  const fake = fakeConversation(service);
  await settled();
  service.current.observer.onAck();
  await fake.clock.advance(2_000);
  service.requests.length = 0;
  return fake;
}

describe('a send', () => {
  it('is shown pending at once and waits for the acknowledgement', async () => {
    const { service, conversation } = fakeConversation();
    service.answers.sendMessage = () => accepted('hi', 'k1');
    const sending = conversation.send({ text: 'hi', clientMessageId: 'k1' });
    await settled();
    expect(conversation.getSnapshot().messages).toMatchObject([{ id: 'k1', text: 'hi', pending: true }]);
    expect(service.count('sendMessage')).toBe(0);

    service.current.observer.onAck();

    expect((await sending).messageId).toBe('m1-1');
    expect(conversation.getSnapshot().messages).toMatchObject([
      { id: 'm1-0', pending: false, clientMessageId: 'k1' },
      { id: 'm1-1', status: 'PENDING' },
    ]);
  });

  it('goes out after 5 s without an acknowledgement', async () => {
    const { service, clock, conversation } = fakeConversation();
    service.answers.sendMessage = () => accepted('hi', 'k1');
    const sending = conversation.send({ text: 'hi', clientMessageId: 'k1' });

    await clock.advance(4_999);
    expect(service.count('sendMessage')).toBe(0);
    await clock.advance(1);

    expect((await sending).messageId).toBe('m1-1');
  });

  it('is told at once that the credential is refused, while it waits and afterwards', async () => {
    const { service, conversation } = fakeConversation();
    service.answers.sendMessage = () => new ChatError('UNAUTHENTICATED');
    const waiting = conversation.send({ text: 'hi' });
    await settled();
    expect(service.count('sendMessage')).toBe(0);

    service.current.observer.onLost(new ChatError('UNAUTHENTICATED'));

    await expect(waiting).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    await expect(conversation.send({ text: 'hi' })).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(conversation.getSnapshot().messages).toEqual([]);
  });

  it('repeats the very same input with backoff until the service answers', async () => {
    const { service, clock, conversation } = await live();
    const failures = ['NETWORK', 'INTERNAL', 'RATE_LIMITED'] as const;
    service.answers.sendMessage = () => {
      const code = failures[service.count('sendMessage') - 1];
      return code
        ? new ChatError(code, { retryAfterMs: code === 'RATE_LIMITED' ? 9_000 : 0 })
        : accepted('hi', 'k');
    };
    const sending = conversation.send({ text: 'hi' });

    for (const [pauseMs, requests] of [
      [499, 1],
      [1, 2],
      [999, 2],
      [1, 3],
      [8_999, 3],
      [1, 4],
    ] as const) {
      await clock.advance(pauseMs);
      expect(service.count('sendMessage')).toBe(requests);
    }
    await sending;

    const inputs = service.requests
      .filter(({ field }) => field === 'sendMessage')
      .map(({ variables }) => variables);
    expect(new Set(inputs.map((input) => JSON.stringify(input))).size).toBe(1);
    expect(conversation.getSnapshot().error).toBeUndefined();
  });

  it('is tried again at once when the page wakes', async () => {
    const { service, clock, conversation, wakes } = await live();
    service.answers.sendMessage = () => (service.count('sendMessage') < 5 ? undefined : accepted('hi', 'k'));
    const sending = conversation.send({ text: 'hi' });
    await clock.advance(500 + 1_000 + 2_000);
    expect(service.count('sendMessage')).toBe(4);

    for (const wake of wakes) wake();

    expect((await sending).messageId).toBe('m1-1');
  });

  it('waits as long as the service asked, also when the page wakes meanwhile', async () => {
    const { service, clock, conversation, wakes } = await live();
    service.answers.sendMessage = () =>
      service.count('sendMessage') === 1
        ? new ChatError('RATE_LIMITED', { retryAfterMs: 9_000 })
        : accepted('hi', 'k');
    const sending = conversation.send({ text: 'hi' });
    await clock.advance(1_000);

    for (const wake of wakes) wake();
    await clock.advance(7_999);
    expect(service.count('sendMessage')).toBe(1);
    await clock.advance(1);

    expect((await sending).messageId).toBe('m1-1');
  });

  it('keeps its place while another one under its id is refused', async () => {
    const { service, conversation } = await live();
    const answers = [Promise.withResolvers<object>(), Promise.withResolvers<object>()] as const;
    const { mutate } = service;
    Object.assign(service, {
      mutate: (document: string, variables: Variables) =>
        document.includes('sendMessage(')
          ? answers[(variables.input as { text: string }).text === 'one' ? 0 : 1].promise
          : mutate(document, variables),
    });
    const first = conversation.send({ text: 'one', clientMessageId: 'k' });
    const second = conversation.send({ text: 'two', clientMessageId: 'k' });
    answers[1].reject(new ChatError('CONFLICT'));
    await expect(second).rejects.toMatchObject({ code: 'CONFLICT' });

    expect(conversation.getSnapshot().messages).toMatchObject([{ text: 'one', pending: true }]);
    answers[0].resolve({ sendMessage: accepted('one', 'k') });
    await first;
    expect(conversation.getSnapshot().messages).toMatchObject([{ text: 'one', pending: false }, {}]);
  });

  it('is taken back when the service refuses it', async () => {
    const { service, conversation } = await live();
    service.answers.sendMessage = () => new ChatError('CONFLICT', { requestId: 'r1' });

    await expect(conversation.send({ text: 'hi' })).rejects.toMatchObject({
      code: 'CONFLICT',
      requestId: 'r1',
    });

    expect(service.count('sendMessage')).toBe(1);
    expect(conversation.getSnapshot().messages).toEqual([]);
  });

  it('ends when the conversation is closed, with a cause that tells it from a network that is gone', async () => {
    const { service, clock, conversation } = await live();
    const sending = conversation.send({ text: 'hi' });
    await clock.advance(0);

    conversation.close();

    await expect(sending).rejects.toMatchObject({ code: 'NETWORK', cause: { name: 'AbortError' } });
    await expect(conversation.send({ text: 'late' })).rejects.toMatchObject({
      cause: { name: 'AbortError' },
    });
    await clock.advance(60_000);
    expect(service.count('sendMessage')).toBe(1);
  });

  it('resolves its end also when END comes before the answer to the send, without a listing', async () => {
    const { service, conversation } = await live();
    service.answers.sendMessage = () => {
      service.current.observer.onBatch(batch());
      service.current.observer.onBatch(batch({ seq: 1, text: 'fast' }));
      service.current.observer.onBatch(batch({ seq: 2, offset: 4, end: receipt('fast') }));
      return accepted('hi', 'k');
    };

    const { ended } = await conversation.send({ text: 'hi' });

    expect(await ended).toMatchObject({ text: 'fast', status: 'COMPLETE' });
    expect(service.count('messages')).toBe(0);
  });

  it('leaves parentId out unless it is given, and sends null as null', async () => {
    const { service, conversation } = await live();
    service.answers.sendMessage = () => accepted('hi', 'k');
    await conversation.send({ text: 'hi' });
    await conversation.send({ text: 'hi', parentId: null });

    const [omitted, root] = service.requests.map(({ variables }) => JSON.stringify(variables));
    expect(omitted).not.toContain('parentId');
    expect(root).toContain('"parentId":null');
  });
});

describe('a request whose conversation is closed by a listener of its own answer', () => {
  it('rejects its end like every other', async () => {
    const { service, conversation } = await live();
    service.answers.sendMessage = () => accepted('hi', 'k');
    conversation.subscribe(({ messages }) => {
      if (messages.some(({ id }) => id === 'm1-1')) conversation.close();
    });

    const { ended } = await conversation.send({ text: 'hi' });

    await expect(Promise.race([ended, settled()])).rejects.toMatchObject({ cause: { name: 'AbortError' } });
  });
});

describe('a cancel', () => {
  it('resolves to the message as the service ended it', async () => {
    const { service, conversation } = await live();
    service.answers.sendMessage = () => accepted('hi', 'k');
    const { messageId } = await conversation.send({ text: 'hi' });
    const end = { ...receipt(''), reason: 'CANCELLED' as const };
    service.answers.cancelMessage = () =>
      message({ id: messageId, parentId: 'm1-0', status: 'CANCELLED', end });

    await expect(conversation.cancel(messageId)).resolves.toMatchObject({ status: 'CANCELLED', end });
  });
});
