import { act, renderHook, screen } from '@testing-library/react';
import { StrictMode, useState } from 'react';
import { renderToString } from 'react-dom/server';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ChatError, type ConversationState } from '../../../client/index.ts';
import {
  ChatProvider,
  useChatClient,
  useConversation,
  useConversationMethods,
  useConversationPart,
  useMessage,
  useMessageIds,
} from '../../../client/react/index.ts';
import { GRACE_MS } from '../../../client/react/leases.ts';
import { accept, batch, FakeService, message, state } from '../fake-service.ts';
import { fakeChat, rendered, subscriptions } from './fake-chat.tsx';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
afterEach(() => void vi.useRealTimers());

const pass = (ms: number) => act(() => vi.advanceTimersByTimeAsync(ms));

/** The service with a question and an answer that runs. */
function runningService(): FakeService {
  const service = new FakeService();
  service.stored.push(message({ id: 'm1-0', role: 'USER', status: 'COMPLETE', text: 'hi' }));
  service.stored.push(message({ id: 'm1-1', parentId: 'm1-0' }));
  service.answers.messageState = () => state({ status: 'PENDING' });
  return service;
}

function Texts({ id = 'c1' }: { id?: string }) {
  const { connection, messages, error } = useConversation(id);
  return (
    <p role="status">
      {[connection, ...messages.map(({ text }) => text), error?.code].filter(Boolean).join(' | ')}
    </p>
  );
}
const shown = () => screen.getByRole('status').textContent;

describe('useChatClient', () => {
  it('throws without a provider, and says what is missing', () => {
    expect(() => renderToString(<Texts />)).toThrow('<ChatProvider client={...}>');
  });

  it('answers the client of the nearest provider', () => {
    const { chat, wrapper } = fakeChat();

    expect(renderHook(() => useChatClient(), { wrapper }).result.current).toBe(chat);
  });
});

describe('useConversation', () => {
  it('connects when mounted and shows every batch', async () => {
    const { show, hear, acknowledge } = fakeChat(runningService());
    show(<Texts />);
    expect(shown()).toBe('connecting');

    await acknowledge();
    await hear(batch(), batch({ seq: 1, text: 'Hello' }));
    expect(shown()).toBe('live | hi | Hello');
    await hear(batch({ seq: 2, offset: 5, text: ' there' }));
    expect(shown()).toBe('live | hi | Hello there');
  });

  it('connects once in strict mode, and stays connected', async () => {
    const { show, service, acknowledge } = fakeChat();
    show(<Texts />, true);
    await acknowledge();
    await pass(10 * GRACE_MS);

    expect(subscriptions(service)).toEqual({ opened: 1, open: 1 });
    expect(shown()).toBe('live');
  });

  it('shows why an id can be none, in strict mode too, and asks for nothing', async () => {
    const { show, service } = fakeChat();
    show([<Texts key="a" id="a b" />], true);
    await rendered();
    await pass(10 * GRACE_MS);

    expect(shown()).toBe('offline | INVALID_INPUT');
    expect(service.requests).toHaveLength(0);
  });

  it('opens nothing for a render on the server: empty and connecting', () => {
    const { chat, service } = fakeChat(runningService());
    const html = renderToString(
      <ChatProvider client={chat}>
        <Texts />
      </ChatProvider>,
    );

    expect(html).toContain('connecting');
    expect(service.subscriptions).toHaveLength(0);
    expect(service.requests).toHaveLength(0);
  });

  it('shares one connection among components, and keeps it through a change of routes', async () => {
    const { show, service, acknowledge } = fakeChat();
    const { rerender } = show([<Texts key="a" />]);
    await acknowledge();
    rerender([]);
    await pass(GRACE_MS - 1);
    rerender([<Texts key="b" />]);
    await pass(10 * GRACE_MS);

    expect(subscriptions(service)).toEqual({ opened: 1, open: 1 });
    expect(shown()).toBe('live');
  });

  it('is released once the last component left and the grace has passed, and cancels no answer', async () => {
    const { show, service, chat, acknowledge, hear } = fakeChat(runningService());
    const { unmount } = show([<Texts key="a" />, <Texts key="b" id="c1" />]);
    await acknowledge();
    await hear(batch(), batch({ seq: 1, text: 'Hello' }));
    const conversation = chat.conversation('c1');

    unmount();
    await pass(GRACE_MS - 1);
    expect(subscriptions(service).open).toBe(1);
    await pass(1);

    expect(subscriptions(service).open).toBe(0);
    expect(service.count('cancelMessage')).toBe(0);
    expect(chat.conversation('c1')).not.toBe(conversation);
  });

  it('stays open while a message is pending, and is released once it settled', async () => {
    const { show, service, chat, clock, acknowledge } = fakeChat();
    service.answers.sendMessage = () => new ChatError('NETWORK');
    const { unmount } = show(<Texts />);
    await acknowledge();
    const sent = chat.conversation('c1').send({ text: 'precious' });
    await rendered();
    expect(shown()).toBe('live | precious | NETWORK');

    unmount();
    await pass(10 * GRACE_MS);
    expect(subscriptions(service).open).toBe(1);

    service.answers.sendMessage = accept;
    await clock.advance(10_000);
    await expect(sent).resolves.toMatchObject({ messageId: 'm1-1' });
    await pass(GRACE_MS);
    expect(subscriptions(service).open).toBe(0);
  });

  it('leaves one conversation for another when the id changes', async () => {
    const { show, service } = fakeChat();
    const { rerender } = show(<Texts id="c1" />);
    await rendered();
    rerender(<Texts id="c2" />);
    await pass(GRACE_MS);

    expect(service.subscriptions.map(({ isEnded }) => isEnded)).toEqual([true, false]);
    expect(shown()).toBe('connecting');
  });

  it('begins anew with another client', async () => {
    const [first, second] = [fakeChat(runningService()), fakeChat()];
    const { rerender } = first.show([]);
    const below = (chat: typeof first.chat) => (
      <ChatProvider client={chat}>
        <Texts />
      </ChatProvider>
    );
    rerender(below(first.chat));
    await first.acknowledge();
    expect(shown()).toBe('live | hi');

    rerender(below(second.chat));
    expect(shown()).toBe('connecting');
    await second.acknowledge();

    expect(shown()).toBe('live');
  });

  it('shows why a deleted conversation ended, and opens it anew for the next component', async () => {
    const { show, service, chat, acknowledge } = fakeChat(runningService());
    service.answers.deleteConversation = ({ id }) => id;
    const { rerender } = show([<Texts key="a" />]);
    await acknowledge();

    await act(() => chat.deleteConversation('c1'));
    expect(shown()).toBe('offline | hi | NOT_FOUND');
    rerender([]);
    rerender([<Texts key="b" />]);
    await rendered();

    expect(shown()).toBe('connecting | hi');
    expect(subscriptions(service)).toEqual({ opened: 2, open: 1 });
  });

  it('keeps the identities of its methods, and of itself while nothing changes', async () => {
    const { wrapper, hear, acknowledge } = fakeChat(runningService());
    const { result, rerender } = renderHook(() => useConversation('c1'), { wrapper });
    await acknowledge();
    const { send, cancel, regenerate, continue: goOn, loadMore } = result.current;
    const before = result.current;
    rerender();
    expect(result.current).toBe(before);

    await hear(batch(), batch({ seq: 1, text: 'Hello' }));

    expect(result.current).not.toBe(before);
    expect(result.current).toMatchObject({ send, cancel, regenerate, continue: goOn, loadMore });
  });
});

describe('useConversationMethods', () => {
  it('opens nothing by itself', () => {
    const { wrapper, service } = fakeChat();
    renderHook(() => useConversationMethods('c1'), { wrapper });

    expect(service.subscriptions).toHaveLength(0);
  });

  it('reaches the service by every method', async () => {
    const { wrapper, service, acknowledge } = fakeChat(runningService());
    service.answers.cancelMessage = () => message({ id: 'm1-1' });
    service.answers.continueMessage = () => message({ id: 'm1-1', attempt: 2 });
    service.answers.regenerateMessage = () => ({
      userMessage: message({ id: 'm1-0', role: 'USER' }),
      assistantMessage: message({ id: 'm1-2' }),
      deduplicated: false,
    });
    const { result } = renderHook(() => useConversation('c1'), { wrapper });
    await acknowledge();
    const { send, cancel, regenerate, continue: goOn, loadMore } = result.current;

    await act(async () => {
      expect(await send({ text: 'hi', clientMessageId: 'k1' })).toMatchObject({ messageId: 'm1-1' });
      expect(await cancel('m1-1')).toMatchObject({ id: 'm1-1' });
      expect(await regenerate('m1-1')).toMatchObject({ messageId: 'm1-2' });
      expect(await goOn('m1-1')).toMatchObject({ messageId: 'm1-1' });
      await loadMore();
    });

    const mutations = service.requests.map(({ field }) => field).filter((field) => field.endsWith('Message'));
    expect(mutations).toEqual(['sendMessage', 'cancelMessage', 'regenerateMessage', 'continueMessage']);
  });

  it('works after unmounting, and holds the conversation open until the service has answered', async () => {
    const { wrapper, service, clock } = fakeChat();
    service.answers.sendMessage = () => new ChatError('NETWORK');
    const { result, unmount } = renderHook(() => useConversationMethods('c1'), { wrapper });
    unmount();

    const sent = result.current.send({ text: 'hi', clientMessageId: 'k1' });
    await rendered();
    service.current.observer.onAck();
    await pass(10 * GRACE_MS);
    expect(subscriptions(service).open).toBe(1);
    service.answers.sendMessage = accept;
    await clock.advance(10_000);

    await expect(sent).resolves.toMatchObject({ messageId: 'm1-1' });
    await pass(GRACE_MS);
    expect(subscriptions(service).open).toBe(0);
  });

  it('rejects to its caller', async () => {
    const { wrapper } = fakeChat();
    const { result } = renderHook(() => useConversationMethods('c1'), { wrapper });

    await expect(result.current.send({ text: ' ' })).rejects.toMatchObject({ code: 'INVALID_INPUT' });
  });
});

describe('useConversationPart', () => {
  it('renders only when its part changes', async () => {
    const { show, acknowledge, hear } = fakeChat(runningService());
    const renders: number[] = [];
    const countOf = (state: ConversationState) => state.messages.length;
    function Count() {
      const count = useConversationPart('c1', countOf);
      renders.push(count);
      return <p role="status">{count}</p>;
    }
    show(<Count />);
    await acknowledge();
    await hear(batch(), batch({ seq: 1, text: 'Hello' }), batch({ seq: 2, offset: 5, text: ' there' }));

    expect(shown()).toBe('2');
    expect(renders).toEqual([0, 2]);
  });

  it('follows a selector that is another one at every render', async () => {
    const { show, acknowledge } = fakeChat(runningService());
    function Nth() {
      const [index, setIndex] = useState(0);
      const text = useConversationPart('c1', ({ messages }) => messages[index]?.id ?? 'none');
      return <button onClick={() => setIndex(index + 1)}>{text}</button>;
    }
    show(
      <StrictMode>
        <Nth />
      </StrictMode>,
    );
    await acknowledge();
    const button = screen.getByRole('button');
    expect(button.textContent).toBe('m1-0');
    act(() => button.click());

    expect(button.textContent).toBe('m1-1');
  });
});

describe('useMessageIds and useMessage', () => {
  it('follow a send from pending to accepted', async () => {
    const { wrapper, chat, clock, service, acknowledge } = fakeChat();
    service.answers.sendMessage = () => new ChatError('NETWORK');
    const { result } = renderHook(
      () => ({ ids: useMessageIds('c1'), pending: useMessage('c1', 'k1'), stored: useMessage('c1', 'm1-0') }),
      { wrapper },
    );
    await acknowledge();
    expect(result.current).toEqual({ ids: [], pending: undefined, stored: undefined });

    const sent = chat.conversation('c1').send({ text: 'hi', clientMessageId: 'k1' });
    await rendered();
    expect(result.current.ids).toEqual(['k1']);
    expect(result.current.pending).toMatchObject({ text: 'hi', pending: true });
    service.answers.sendMessage = accept;
    await act(() => clock.advance(10_000));
    await sent;

    expect(result.current.ids).toEqual(['m1-0', 'm1-1']);
    expect(result.current.pending).toBeUndefined();
    expect(result.current.stored).toMatchObject({ text: 'hi', clientMessageId: 'k1', pending: false });
  });
});
