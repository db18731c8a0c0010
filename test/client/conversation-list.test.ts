import { onTestFinished, describe, expect, it } from 'vitest';
import {
  ChatError,
  createChatClient,
  type ConversationItem,
  type ConversationListState,
  type Variables,
  type WakeSource,
} from '../../client/index.ts';
import { REFRESH_LINGER_MS } from '../../client/conversation-list.ts';
import { accepted, batch, FakeService, receipt } from './fake-service.ts';
import { ManualClock, settled } from './manual-clock.ts';

const item = (id: string, minute: number, title = id): ConversationItem => ({
  id,
  title,
  createdAt: '2026-01-01T00:00:00.000Z',
  updatedAt: `2026-01-01T00:${String(minute).padStart(2, '0')}:00.000Z`,
});

class Wakes implements WakeSource {
  readonly listeners = new Set<() => void>();
  listen(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }
  wake(): void {
    for (const listener of [...this.listeners]) listener();
  }
}

/** A list over a service that has three conversations, two a page. */
function fakeList(limit = 2) {
  const service = new FakeService();
  const stored = [item('c', 3), item('b', 2), item('a', 1)];
  const page = ({ nextToken }: Variables) => {
    const start = Number(nextToken ?? 0);
    const next = start + limit;
    return { items: stored.slice(start, next), nextToken: next < stored.length ? String(next) : null };
  };
  service.answers.conversations = page;
  const clock = new ManualClock();
  const wakeSource = new Wakes();
  const focusSource = new Wakes();
  const chat = createChatClient({ transport: service, clock, random: () => 0.5, wakeSource, focusSource });
  onTestFinished(() => chat.close());
  const list = chat.conversationList({ limit });
  const states: ConversationListState[] = [];
  return {
    service,
    page,
    stored,
    clock,
    chat,
    list,
    states,
    wakeSource,
    focusSource,
    ids: () =>
      list
        .getSnapshot()
        .items.map(({ id }) => id)
        .join(' '),
    open: async () => {
      list.subscribe((state) => states.push(state));
      await settled();
    },
  };
}

describe('ConversationList', () => {
  it('asks for nothing before it is subscribed to, and counts as loading', async () => {
    const { service, list } = fakeList();
    await settled();

    expect(service.count('conversations')).toBe(0);
    expect(list.getSnapshot()).toEqual({ items: [], hasMore: false, isLoading: true, error: undefined });
  });

  it('loads the first page, then older ones', async () => {
    const { service, list, open, ids } = fakeList();
    await open();
    expect([ids(), list.getSnapshot().hasMore, list.getSnapshot().isLoading]).toEqual(['c b', true, false]);

    await list.loadMore();
    expect([ids(), list.getSnapshot().hasMore]).toEqual(['c b a', false]);

    await list.loadMore();
    expect(service.count('conversations')).toBe(2);
  });

  it('loads two pages when more are asked for before the first is here', async () => {
    const { list, ids } = fakeList();
    await list.loadMore();

    expect(ids()).toBe('c b a');
  });

  it('reads one page at a time, and once more for all who asked meanwhile', async () => {
    const { service, list, open } = fakeList();
    await open();

    await Promise.all([list.refresh(), list.refresh(), list.refresh()]);

    expect(service.count('conversations')).toBe(3);
  });

  it('tells nothing when a listing brings nothing new but that it was made', async () => {
    const { list, states, open } = fakeList();
    await open();
    const { items } = list.getSnapshot();
    states.length = 0;

    await list.refresh();

    expect(states.map(({ isLoading }) => isLoading)).toEqual([true, false]);
    expect(list.getSnapshot().items).toBe(items);
  });

  it('repeats a listing that may succeed later, with backoff, and keeps the error until it does', async () => {
    const fake = fakeList();
    fake.service.answers.conversations = () => new ChatError('NETWORK');
    await fake.open();
    expect(fake.list.getSnapshot()).toMatchObject({ isLoading: true, error: { code: 'NETWORK' } });

    await fake.clock.advance(499);
    expect(fake.service.count('conversations')).toBe(1);
    fake.service.answers.conversations = fake.page;
    await fake.clock.advance(1);

    expect(fake.list.getSnapshot()).toMatchObject({ isLoading: false, error: undefined });
    expect(fake.ids()).toBe('c b');
  });

  it('ends its pause when the page wakes', async () => {
    const fake = fakeList();
    fake.service.answers.conversations = () => new ChatError('NETWORK');
    await fake.open();

    fake.wakeSource.wake();
    await settled();

    expect(fake.service.count('conversations')).toBe(2);
  });

  it('stops at a refusal, tells why, and tries again when asked', async () => {
    const fake = fakeList();
    fake.service.answers.conversations = () => new ChatError('UNAUTHENTICATED');
    await fake.open();
    await fake.clock.advance(60_000);
    expect(fake.list.getSnapshot()).toMatchObject({ isLoading: false, error: { code: 'UNAUTHENTICATED' } });
    expect(fake.service.count('conversations')).toBe(1);

    fake.service.answers.conversations = fake.page;
    await fake.list.refresh();

    expect(fake.list.getSnapshot().error).toBeUndefined();
    expect(fake.ids()).toBe('c b');
  });

  it.each(['wakeSource', 'focusSource'] as const)('lists again, once, after its %s', async (source) => {
    const fake = fakeList();
    await fake.open();
    fake.stored.unshift(item('d', 4));

    fake[source].wake();
    fake[source].wake();
    await fake.clock.advance(REFRESH_LINGER_MS);

    expect(fake.ids()).toBe('d c b');
    expect(fake.service.count('conversations')).toBe(2);
  });

  it('lists again after a send was accepted, and after an answer ended', async () => {
    const fake = fakeList();
    await fake.open();
    fake.service.answers.sendMessage = ({ input }) =>
      accepted('hi', (input as { clientMessageId: string }).clientMessageId);
    fake.service.answers.messages = () => new ChatError('NOT_FOUND');
    const conversation = fake.chat.conversation('c1');
    conversation.subscribe(() => undefined);
    fake.service.current.observer.onAck();
    await conversation.send({ text: 'hi' });
    fake.stored.unshift(item('c1', 5, 'hi'));
    await fake.clock.advance(REFRESH_LINGER_MS);
    expect(fake.ids()).toBe('c1 c b');

    fake.stored.shift();
    fake.stored.unshift(item('c1', 6, 'Greeting'));
    fake.service.current.observer.onBatch(batch({ seq: 1, end: receipt('') }));
    await fake.clock.advance(REFRESH_LINGER_MS);

    expect(fake.list.getSnapshot().items[0]?.title).toBe('Greeting');
  });

  it('shows a new title at once, also one given through the client', async () => {
    const fake = fakeList();
    await fake.open();
    fake.service.answers.renameConversation = ({ id, title }) => item(id as string, 9, title as string);

    await fake.list.rename('b', 'first');
    expect(fake.list.getSnapshot().items[0]).toMatchObject({ id: 'b', title: 'first' });
    await fake.chat.renameConversation('c', 'second');
    expect(fake.list.getSnapshot().items.map(({ title }) => title)).toEqual(['first', 'second']);
  });

  it('leaves out a deleted conversation, whatever a late listing says', async () => {
    const fake = fakeList();
    await fake.open();
    fake.service.answers.deleteConversation = ({ id }) => id;

    await fake.list.remove('b');
    expect(fake.ids()).toBe('c');
    await fake.list.refresh();

    expect(fake.ids()).toBe('c');
  });

  it('takes a conversation that is already gone for deleted', async () => {
    const fake = fakeList();
    await fake.open();
    fake.service.answers.deleteConversation = () => new ChatError('NOT_FOUND');

    await fake.list.remove('b');

    expect(fake.list.getSnapshot().error).toBeUndefined();
    expect(fake.ids()).toBe('c');
  });

  it.each([
    ['rename', (fake: ReturnType<typeof fakeList>) => fake.list.rename('b', 'x')],
    ['remove', (fake: ReturnType<typeof fakeList>) => fake.list.remove('b')],
  ])('keeps the error of a failed %s until something succeeds, and rejects nothing', async (_name, act) => {
    const fake = fakeList();
    await fake.open();

    await act(fake);
    expect(fake.list.getSnapshot().error?.code).toBe('NETWORK');
    expect(fake.ids()).toBe('c b');

    await fake.list.refresh();
    expect(fake.list.getSnapshot().error).toBeUndefined();
  });

  it('is quiet once closed: nothing is told, asked or waited for, and a new one takes its place', async () => {
    const fake = fakeList();
    await fake.open();
    fake.service.answers.conversations = () => new ChatError('NETWORK');
    const refreshed = fake.list.refresh();
    await settled();
    const told = fake.states.length;

    fake.list.close();
    await refreshed;
    fake.wakeSource.wake();
    fake.focusSource.wake();
    await fake.list.loadMore();
    await fake.clock.advance(60_000);

    expect(fake.states).toHaveLength(told);
    expect(fake.service.count('conversations')).toBe(2);
    expect(fake.wakeSource.listeners.size + fake.focusSource.listeners.size).toBe(0);
    expect(fake.chat.conversationList({ limit: 2 })).not.toBe(fake.list);
  });

  it('is one object for a limit until it is closed', () => {
    const { chat, list } = fakeList();

    expect(chat.conversationList({ limit: 2 })).toBe(list);
    expect(chat.conversationList()).not.toBe(list);
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])('loads for one who asks %i turns after a listing came', async (turns) => {
    const { list, open } = fakeList();
    let isAsked = false;
    const ask = async () => {
      for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
      void list.loadMore();
    };
    list.subscribe(({ items }) => {
      if (isAsked || items.length === 0) return;
      isAsked = true;
      void ask();
    });
    await open();
    await settled();

    expect(list.getSnapshot().items.map(({ id }) => id)).toEqual(['c', 'b', 'a']);
  });

  it('begins anew when the service does not take its token any more', async () => {
    const { service, list, open, ids, page } = fakeList();
    await open();
    let hasExpired = true;
    service.answers.conversations = (variables) => {
      if (variables.nextToken === undefined) hasExpired = false;
      return hasExpired ? new ChatError('INVALID_INPUT') : page(variables);
    };

    await list.loadMore();
    await list.loadMore();

    expect(ids()).toBe('c b a');
    expect(list.getSnapshot().error).toBeUndefined();
  });
});
