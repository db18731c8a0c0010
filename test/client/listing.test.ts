import { describe, expect, it } from 'vitest';
import { ChatError, type Variables } from '../../client/index.ts';
import { accepted, batch, fakeConversation, FakeService, message, receipt, state } from './fake-service.ts';
import { settled } from './manual-clock.ts';

const PAGE = 3;
const idOf = (index: number) => `m${String(index).padStart(3, '0')}-0`;
const question = (index: number) =>
  message({ id: idOf(index), role: 'USER', status: 'COMPLETE', text: String(index) });

/** A conversation of which `count` messages are stored, three a page, newest first; connected. */
async function pagedConversation(count: number) {
  const service = new FakeService();
  for (let index = 0; index < count; index += 1) service.stored.push(question(index));
  service.answers.messages = ({ nextToken, limit }: Variables) => {
    const newestFirst = [...service.stored].reverse();
    const after = nextToken as string | undefined;
    const start = after ? newestFirst.findIndex(({ id }) => id < after) : 0;
    const items = newestFirst.slice(start, start + Number(limit ?? PAGE));
    const last = items.at(-1);
    return { items, nextToken: last && last.id !== service.stored[0]?.id ? last.id : null };
  };
  const paged = service.answers.messages;
  const fake = fakeConversation(service);
  await settled();
  service.current.observer.onAck();
  await fake.clock.advance(2_000);
  const texts = () => fake.conversation.getSnapshot().messages.map(({ text }) => text);
  return { ...fake, paged, texts };
}

const numbers = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => String(from + index));

describe('a listing after messages were missed', () => {
  it('leaves no hole when the newest message is known by a batch already', async () => {
    const { service, conversation, clock, texts, wakes } = await pagedConversation(4);
    expect(texts()).toEqual(numbers(1, 4));
    for (let index = 4; index < 12; index += 1) service.stored.push(question(index));
    service.stored.push(message({ id: 'm011-1', parentId: idOf(11), text: '', status: 'STREAMING' }));
    service.answers.messageState = () => state({ messageId: 'm011-1' });

    service.current.observer.onBatch(batch({ messageId: 'm011-1', userMessageId: idOf(11) }));
    await clock.advance(1_000);
    for (const wake of wakes) wake();
    await clock.advance(1_000);

    expect(texts()).toEqual([...numbers(1, 12), '']);
    expect(conversation.getSnapshot().hasMore).toBe(true);
  });

  it('leaves no hole when a page on the way to what is known fails', async () => {
    const { service, clock, texts, wakes, paged } = await pagedConversation(4);
    for (let index = 4; index < 14; index += 1) service.stored.push(question(index));
    let pages = 0;
    service.answers.messages = (variables) => (++pages === 3 ? new ChatError('NETWORK') : paged(variables));

    for (const wake of wakes) wake();
    await clock.advance(5_000);

    expect(texts()).toEqual(numbers(1, 14));
  });

  it('reads one page when it meets what was listed there', async () => {
    const { service, texts, wakes } = await pagedConversation(4);
    service.stored.push(question(4));
    service.requests.length = 0;

    for (const wake of wakes) wake();
    await settled();

    expect(texts()).toEqual(numbers(1, 5));
    expect(service.count('messages')).toBe(1);
  });
});

describe('loadMore', () => {
  it('goes on where it was when the service does not take its token any more', async () => {
    const { service, conversation, texts, paged } = await pagedConversation(12);
    await conversation.loadMore();
    expect(texts()).toEqual(numbers(6, 12));
    let hasExpired = true;
    service.answers.messages = (variables) => {
      if (variables.nextToken === undefined) hasExpired = false;
      return hasExpired ? new ChatError('INVALID_INPUT') : paged(variables);
    };
    service.stored.push(question(12));

    // Pages from the newest on end elsewhere now: 12 11 10, 9 8 7, 6 5 4.
    await conversation.loadMore();
    expect(texts()).toEqual(numbers(4, 12));
    await conversation.loadMore();
    await conversation.loadMore();

    expect(texts()).toEqual(numbers(0, 12));
    expect(conversation.getSnapshot().hasMore).toBe(false);
  });

  it('never says that there is no more before the messages are shown', async () => {
    const { service, conversation, states } = await pagedConversation(4);
    service.answers.messageState = () => state({ messageId: 'm003-1' });
    states.length = 0;
    let isDone = false;
    void conversation.loadMore().then(() => {
      isDone = true;
    });

    // An answer that grows makes a snapshot of every moment between the page and its being shown.
    for (let seq = 0; !isDone; seq += 1) {
      const text = seq === 0 ? '' : 'x';
      const grown = { messageId: 'm003-1', userMessageId: idOf(3), seq, text, offset: Math.max(0, seq - 1) };
      service.current.observer.onBatch(batch(grown));
      await Promise.resolve();
    }

    expect(states.length).toBeGreaterThan(5);
    expect(
      states.filter(({ hasMore, messages }) => hasMore === messages.some(({ text }) => text === '0')),
    ).toEqual([]);
  });

  it('rejects with INVALID_INPUT when the service refuses the first page too', async () => {
    const { service, conversation } = await pagedConversation(12);
    service.answers.messages = () => new ChatError('INVALID_INPUT');

    await expect(conversation.loadMore()).rejects.toMatchObject({ code: 'INVALID_INPUT' });
  });

  it('shows each message once when it runs together with a refresh', async () => {
    const { service, conversation, texts, wakes } = await pagedConversation(12);
    service.stored.push(question(12), question(13));

    for (const wake of wakes) wake();
    await Promise.all([conversation.loadMore(), conversation.loadMore()]);
    await settled();

    expect(texts()).toEqual(numbers(6, 14));
  });
});

describe('messages of another device', () => {
  /** An answer of another device begins and ends while a request of this one is on its way. */
  const otherDevice = (service: FakeService) => {
    const text = 'answered';
    service.stored.push(message({ id: 'm9-0', role: 'USER', status: 'COMPLETE', text: 'asked elsewhere' }));
    service.stored.push(
      message({ id: 'm9-1', parentId: 'm9-0', text, status: 'COMPLETE', end: receipt(text) }),
    );
    const fields = { messageId: 'm9-1', userMessageId: 'm9-0' };
    for (const heard of [
      batch(fields),
      batch({ ...fields, seq: 1, text }),
      batch({ ...fields, seq: 2, offset: text.length, end: receipt(text) }),
    ])
      service.current.observer.onBatch(heard);
  };

  it.each([
    ['a send that is refused', 'sendMessage', new ChatError('CONFLICT')],
    ['a cancel that is answered', 'cancelMessage', message({ id: 'm1-1', parentId: 'm1-0' })],
    ['a regenerate that has to wait', 'regenerateMessage', new ChatError('RATE_LIMITED')],
  ])('show whole although they came during %s', async (_what, field, answered) => {
    const { service, conversation, texts } = await pagedConversation(0);
    service.answers[field] = () => {
      otherDevice(service);
      return answered;
    };
    const request = {
      sendMessage: () => conversation.send({ text: 'mine' }),
      cancelMessage: () => conversation.cancel('m1-1'),
      regenerateMessage: () => conversation.regenerate('m1-1'),
    }[field];
    void request?.().catch(() => undefined);
    await settled();
    await settled();

    expect(texts().filter((text) => text !== 'mine')).toEqual(
      expect.arrayContaining(['asked elsewhere', 'answered']),
    );
  });
});

describe('an answer of which the first batch comes before the answer to its send', () => {
  it('never stands before its question', async () => {
    const { service, conversation, states } = await pagedConversation(0);
    service.answers.sendMessage = () => {
      service.current.observer.onBatch(batch());
      service.current.observer.onBatch(batch({ seq: 1, text: 'fast' }));
      return accepted('hi', 'k1');
    };

    await conversation.send({ text: 'hi', clientMessageId: 'k1' });

    const orders = states.map(({ messages }) => messages.map(({ text, role }) => `${role} ${text}`));
    expect(orders.at(-1)).toEqual(['USER hi', 'ASSISTANT fast']);
    for (const order of orders.filter(({ length }) => length > 0)) expect(order[0]).toBe('USER hi');
  });

  it('shows also when the send fails and is listed instead', async () => {
    const { service, clock, conversation, states } = await pagedConversation(0);
    service.answers.messageState = () => state({ text: 'fast', throughSeq: 1 });
    service.answers.sendMessage = () => {
      const { userMessage, assistantMessage } = accepted('hi', 'k1');
      service.stored.push(userMessage, { ...assistantMessage, status: 'STREAMING' });
      service.current.observer.onBatch(batch());
      service.current.observer.onBatch(batch({ seq: 1, text: 'fast' }));
      return new ChatError('NETWORK');
    };

    void conversation.send({ text: 'hi', clientMessageId: 'k1' }).catch(() => undefined);
    await clock.advance(100);

    expect(states.at(-1)?.messages).toMatchObject([
      { text: 'hi', pending: false },
      { text: 'fast', parentId: 'm1-0' },
    ]);
  });
});
