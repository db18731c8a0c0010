import { act, renderHook } from '@testing-library/react';
import { StrictMode } from 'react';
import { renderToString } from 'react-dom/server';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ChatError, type ConversationItem, type Variables } from '../../../client/index.ts';
import { REFRESH_LINGER_MS } from '../../../client/conversation-list.ts';
import { ChatProvider, useConversations } from '../../../client/react/index.ts';
import { GRACE_MS } from '../../../client/react/leases.ts';
import { settled } from '../manual-clock.ts';
import { fakeChat, rendered } from './fake-chat.tsx';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
afterEach(() => void vi.useRealTimers());

const item = (id: string, day: number): ConversationItem => ({
  id,
  title: id,
  createdAt: '2026-01-01T00:00:00.000Z',
  updatedAt: `2026-01-0${day}T00:00:00.000Z`,
});

/** Three conversations, two a page. */
function fakeListing() {
  const fake = fakeChat();
  const stored = [item('c', 3), item('b', 2), item('a', 1)];
  const page = ({ nextToken }: Variables) =>
    nextToken === undefined
      ? { items: stored.slice(0, 2), nextToken: 'older' }
      : { items: stored.slice(2), nextToken: null };
  fake.service.answers.conversations = page;
  return { ...fake, stored, page };
}

describe('useConversations', () => {
  it('is empty and loading first, then has the first page, then older ones', async () => {
    const { wrapper, service } = fakeListing();
    const { result } = renderHook(() => useConversations({ limit: 2 }), { wrapper });
    expect(result.current).toMatchObject({ items: [], hasMore: false, isLoading: true, error: undefined });

    await rendered();
    expect(result.current.items.map(({ id }) => id)).toEqual(['c', 'b']);
    expect(result.current).toMatchObject({ hasMore: true, isLoading: false });
    await act(() => result.current.loadMore());

    expect(result.current.items.map(({ id }) => id)).toEqual(['c', 'b', 'a']);
    expect(service.requests.map(({ variables }) => variables)).toEqual([
      { limit: 2 },
      { limit: 2, nextToken: 'older' },
    ]);
  });

  it('reads the first page once for all components and in strict mode', async () => {
    const { chat, service } = fakeListing();
    renderHook(() => [useConversations(), useConversations()], {
      wrapper: ({ children }) => (
        <StrictMode>
          <ChatProvider client={chat}>{children}</ChatProvider>
        </StrictMode>
      ),
    });
    await rendered();

    expect(service.count('conversations')).toBe(1);
  });

  it('lists again when the window gets the focus', async () => {
    const { wrapper, clock, stored } = fakeListing();
    const { result } = renderHook(() => useConversations(), { wrapper });
    await rendered();
    stored.unshift(item('d', 4));

    await act(async () => {
      window.dispatchEvent(new Event('focus'));
      await clock.advance(REFRESH_LINGER_MS);
    });

    expect(result.current.items.map(({ id }) => id)).toEqual(['d', 'c', 'b']);
  });

  it('renames and removes', async () => {
    const { wrapper, service } = fakeListing();
    service.answers.renameConversation = ({ id, title }) => ({
      ...item(id as string, 9),
      title: title as string,
    });
    service.answers.deleteConversation = ({ id }) => id;
    const { result } = renderHook(() => useConversations(), { wrapper });
    await rendered();

    await act(() => result.current.rename('b', 'new title'));
    await act(() => result.current.remove('c'));

    expect(result.current.items.map(({ title }) => title)).toEqual(['new title']);
  });

  it('keeps what failed in error, and rejects nothing', async () => {
    const { wrapper, service, page } = fakeListing();
    service.answers.conversations = () => new ChatError('UNAUTHENTICATED');
    const { result } = renderHook(() => useConversations(), { wrapper });
    await rendered();
    expect(result.current).toMatchObject({ isLoading: false, error: { code: 'UNAUTHENTICATED' } });

    await act(() => result.current.rename('b', 'x'));
    expect(result.current.error?.code).toBe('NETWORK');

    service.answers.conversations = page;
    await act(() => result.current.refresh());
    expect(result.current.error).toBeUndefined();
  });

  it('keeps the identities of its methods, and of itself while nothing changes', async () => {
    const { wrapper } = fakeListing();
    const { result, rerender } = renderHook(() => useConversations(), { wrapper });
    const { refresh, loadMore, rename, remove } = result.current;
    await rendered();
    const before = result.current;
    rerender();

    expect(result.current).toBe(before);
    expect(result.current).toMatchObject({ refresh, loadMore, rename, remove });
  });

  it('keeps its items through a change of routes, and stops once nobody looks', async () => {
    const { wrapper, chat, clock, service } = fakeListing();
    const first = renderHook(() => useConversations(), { wrapper });
    await rendered();
    const list = chat.conversationList();
    first.unmount();
    await vi.advanceTimersByTimeAsync(GRACE_MS - 1);
    const second = renderHook(() => useConversations(), { wrapper });
    expect(second.result.current.items).toHaveLength(2);
    service.answers.conversations = () => new ChatError('NETWORK');
    const { refresh, loadMore } = second.result.current;
    await act(async () => {
      void refresh();
      await settled();
    });

    second.unmount();
    await vi.advanceTimersByTimeAsync(GRACE_MS);
    const asked = service.count('conversations');
    await Promise.all([refresh(), loadMore()]);
    window.dispatchEvent(new Event('focus'));
    await clock.advance(60_000);

    expect(list.isClosed).toBe(true);
    expect(service.count('conversations')).toBe(asked);
  });

  it('asks for nothing on a server: empty and loading', () => {
    const { chat, service } = fakeListing();
    function Count() {
      const { items, isLoading } = useConversations();
      return (
        <p>
          {items.length} {String(isLoading)}
        </p>
      );
    }
    const html = renderToString(
      <ChatProvider client={chat}>
        <Count />
      </ChatProvider>,
    );

    expect(html.replaceAll('<!-- -->', '')).toBe('<p>0 true</p>');
    expect(service.requests).toEqual([]);
  });
});
