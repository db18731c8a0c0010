import { useLayoutEffect, useRef, useState } from 'react';
import type { ConversationItem } from '../../index.ts';
import type { useConversations } from '../../react/index.ts';
import { errorText } from '../error-text.ts';
import { ConversationListItem, titleOf } from './conversation-list-item.tsx';
import { Modal } from './modal.tsx';
import { usePage } from './page-context.tsx';

interface ConversationListProps {
  readonly conversations: ReturnType<typeof useConversations>;
  readonly currentId: string | undefined;
  /** A conversation was opened: a drawer closes. */
  readonly onChosen: () => void;
}

/** The user's conversations, newest first: open, rename, delete after a question. */
export function ConversationList({ conversations, currentId, onChosen }: ConversationListProps) {
  const { items, hasMore, isLoading, error, loadMore, rename, remove } = conversations;
  const { router } = usePage();
  const [doomed, setDoomed] = useState<ConversationItem>();
  const { navRef, keepFocusOnRemoval } = useFocusOnRemoval(items);
  const deleteIt = (item: ConversationItem) => {
    setDoomed(undefined);
    if (item.id === currentId) router.go('/');
    keepFocusOnRemoval(item.id);
    void remove(item.id);
  };
  return (
    <nav ref={navRef} className="conversations" aria-label="Conversations" tabIndex={-1}>
      <ul>
        {items.map((item) => (
          <ConversationListItem
            key={item.id}
            item={item}
            isCurrent={item.id === currentId}
            onChosen={onChosen}
            onRename={(title) => void rename(item.id, title)}
            onDelete={() => setDoomed(item)}
          />
        ))}
      </ul>
      {items.length === 0 && !error && (
        <p className="quiet">{isLoading ? 'Loading…' : 'No conversations yet.'}</p>
      )}
      {/* A refused sign-in is told above the composer. */}
      {error && error.code !== 'UNAUTHENTICATED' && <p className="quiet error-text">{errorText(error)}</p>}
      {hasMore && (
        <button type="button" disabled={isLoading} onClick={() => void loadMore()}>
          Load more
        </button>
      )}
      {doomed && (
        <Modal title="Delete this conversation?" onClose={() => setDoomed(undefined)}>
          <p className="doomed-title">{titleOf(doomed)}</p>
          <div className="actions">
            <button type="button" data-first-focus onClick={() => setDoomed(undefined)}>
              Keep
            </button>
            <button type="button" className="danger" onClick={() => deleteIt(doomed)}>
              Delete
            </button>
          </div>
        </Modal>
      )}
    </nav>
  );
}

/** The row that goes takes the focused button along: the row in its place gets focus, else the list. */
function useFocusOnRemoval(items: readonly ConversationItem[]) {
  const navRef = useRef<HTMLElement>(null);
  const removed = useRef<{ readonly id: string; readonly index: number }>(undefined);
  useLayoutEffect(() => {
    const { current } = removed;
    if (!current || items.some(({ id }) => id === current.id)) return;
    removed.current = undefined;
    if (document.activeElement !== document.body) return;
    const links = [...(navRef.current?.querySelectorAll('a') ?? [])];
    (links[current.index] ?? links.at(-1) ?? navRef.current)?.focus();
  }, [items]);
  return {
    navRef,
    keepFocusOnRemoval: (id: string) => {
      removed.current = { id, index: items.findIndex((item) => item.id === id) };
    },
  };
}
