import { useCallback, useMemo, useSyncExternalStore } from 'react';
import type { ChatClient } from '../chat-client.ts';
import { systemClock } from '../clock.ts';
import { UNLISTED, type ConversationList, type ConversationListState } from '../conversation-list.ts';
import { useChatClient } from './chat-provider.ts';
import { Leases } from './leases.ts';

/** What can be done with the list, as `ConversationList` documents it. Nothing rejects: failures are in `error`. */
export type ConversationListMethods = Pick<ConversationList, 'refresh' | 'loadMore' | 'rename' | 'remove'>;

/** How the list is read. */
export interface ConversationsOptions {
  /** Conversations a page, 1 to 100. @defaultValue 50 */
  readonly limit?: number;
}

const listsOfClients = new WeakMap<ChatClient, Leases<ConversationList>>();

function listsOf(client: ChatClient): Leases<ConversationList> {
  const known = listsOfClients.get(client);
  if (known) return known;
  const lists = new Leases(
    (limit) => client.conversationList(limit === '' ? {} : { limit: Number(limit) }),
    systemClock,
  );
  listsOfClients.set(client, lists);
  return lists;
}

/**
 * The caller's conversations, newest first, with what can be done to them. The first page is read at mount; the list is
 * read again after a send, at an answer's end and when the window comes back. Components that ask for the same `limit`
 * share one list. On the server: empty and loading.
 *
 * @example
 * const { items, hasMore, loadMore } = useConversations({ limit: 30 });
 */
export function useConversations(
  options: ConversationsOptions = {},
): ConversationListState & ConversationListMethods {
  const lists = listsOf(useChatClient());
  const key = options.limit === undefined ? '' : String(options.limit);
  const subscribe = useCallback(
    (listener: () => void) => {
      const { store, release } = lists.hold(key);
      const stop = store.subscribe(listener);
      return () => {
        stop();
        release();
      };
    },
    [lists, key],
  );
  const state = useSyncExternalStore(
    subscribe,
    () => lists.peek(key)?.getSnapshot() ?? UNLISTED,
    () => UNLISTED,
  );
  const methods = useMemo(() => methodsOf(lists, key), [lists, key]);
  return useMemo(() => ({ ...state, ...methods }), [state, methods]);
}

function methodsOf(lists: Leases<ConversationList>, key: string): ConversationListMethods {
  const held = async (run: (list: ConversationList) => Promise<void>): Promise<void> => {
    const { store, release } = lists.hold(key);
    try {
      await run(store);
    } finally {
      release();
    }
  };
  return {
    // Reading is for who looks: it holds nothing open, and ends with the list.
    refresh: async () => lists.peek(key)?.refresh(),
    loadMore: async () => lists.peek(key)?.loadMore(),
    rename: (id, title) => held((list) => list.rename(id, title)),
    remove: (id) => held((list) => list.remove(id)),
  };
}
