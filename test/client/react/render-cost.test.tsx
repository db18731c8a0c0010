import { act, screen } from '@testing-library/react';
import { Profiler, useCallback } from 'react';
import { describe, expect, it, vi } from 'vitest';
import type { ConversationState as Snapshot } from '../../../client/index.ts';
import {
  RowGroups,
  useConversationPart,
  useMessage,
  useMessageIds,
  useRevealedText,
} from '../../../client/react/index.ts';
import { batch, FakeService, message, receipt, state } from '../fake-service.ts';
import { fakeChat } from './fake-chat.tsx';

/** A service with so many messages, the newest of them an answer that runs. */
function longConversation(count: number): FakeService {
  const service = new FakeService();
  for (let index = 0; index < count - 2; index += 1) {
    const text = `text ${index}`;
    service.stored.push(
      index % 2 === 0
        ? message({ id: `m0-${1000 + index}`, role: 'USER', status: 'COMPLETE', text })
        : message({ id: `m0-${1000 + index}`, status: 'COMPLETE', text, end: receipt(text) }),
    );
  }
  service.stored.push(message({ id: 'm1-0', role: 'USER', status: 'COMPLETE', text: 'hi' }));
  service.stored.push(message({ id: 'm1-1', parentId: 'm1-0' }));
  service.answers.messageState = () => state({ status: 'PENDING' });
  return service;
}

/** How a page lists messages so that a batch renders one row: by id, each row with its own message. */
function pageOf(rendered: (id: string) => void) {
  function Row({ messageId }: { messageId: string }) {
    const shown = useMessage('c1', messageId);
    return <li>{shown?.text}</li>;
  }
  function List() {
    return (
      <ul>
        <RowGroups>
          {useMessageIds('c1').map((id) => (
            <Profiler key={id} id={id} onRender={rendered}>
              <Row messageId={id} />
            </Profiler>
          ))}
        </RowGroups>
      </ul>
    );
  }
  function Connection() {
    const select = useCallback((snapshot: Snapshot) => snapshot.connection, []);
    return <output>{useConversationPart('c1', select)}</output>;
  }
  return (
    <Profiler id="page" onRender={rendered}>
      <Profiler id="connection" onRender={rendered}>
        <Connection />
      </Profiler>
      <List />
    </Profiler>
  );
}

describe.each([10, 1_000])('a batch in a conversation of %i messages', (count) => {
  it('renders the row of its message, once, and nothing else', async () => {
    const rendered: string[] = [];
    const { show, acknowledge, hear } = fakeChat(longConversation(count));
    const { container } = show(pageOf((id) => rendered.push(id)));
    await acknowledge();
    await hear(batch());
    // Many texts are hashed with every listing, on a busy machine longer than a turn.
    await act(() => vi.waitFor(() => expect(container.querySelectorAll('li')).toHaveLength(count), 10_000));
    await act(() => vi.waitFor(() => expect(screen.getByRole('status').textContent).toBe('live'), 10_000));
    rendered.length = 0;

    await hear(batch({ seq: 1, text: 'Hello' }));
    await hear(batch({ seq: 2, offset: 5, text: ' there' }));

    expect(container.querySelector('li:last-child')?.textContent).toBe('Hello there');
    // A profiler reports every commit in which something below it rendered: the page's own is that of the row.
    expect(rendered).toEqual(['m1-1', 'page', 'm1-1', 'page']);
  });
});

describe('useRevealedText', () => {
  it('renders a row once for a batch that shows at once', async () => {
    const rendered: string[] = [];
    function Row() {
      const shown = useMessage('c1', 'm1-1');
      return shown ? <Text message={shown} /> : null;
    }
    function Text({ message: shown }: { message: Parameters<typeof useRevealedText>[0] }) {
      const text = useRevealedText(shown);
      rendered.push(text);
      return <p>{text}</p>;
    }
    const { show, acknowledge, hear } = fakeChat(longConversation(2));
    show(<Row />);
    await acknowledge();
    await hear(batch());
    rendered.length = 0;

    await hear(batch({ seq: 1, text: 'Hello' }));
    await hear(batch({ seq: 2, offset: 5, text: ' there' }));

    expect(rendered).toEqual(['Hello', 'Hello there']);
  });
});
