import { useCallback, useMemo, useSyncExternalStore } from 'react';
import type { ChatClient } from '../chat-client.ts';
import { systemClock } from '../clock.ts';
import type { Conversation } from '../conversation.ts';
import { UNCONNECTED, type ChatMessage, type ConversationState } from '../snapshot.ts';
import { useChatClient } from './chat-provider.ts';
import { ConversationFeed, type FeedTopic } from './conversation-feed.ts';
import { Leases } from './leases.ts';

/** What can be done with a conversation, as `Conversation` documents it. */
export type ConversationMethods = Pick<
  Conversation,
  'send' | 'discard' | 'cancel' | 'regenerate' | 'continue' | 'loadMore'
>;

const NO_IDS: readonly string[] = [];
const feedsOfClients = new WeakMap<ChatClient, Leases<ConversationFeed>>();

function feedsOf(client: ChatClient): Leases<ConversationFeed> {
  const known = feedsOfClients.get(client);
  if (known) return known;
  const feeds = new Leases((id) => new ConversationFeed(client.conversation(id)), systemClock);
  feedsOfClients.set(client, feeds);
  return feeds;
}

/**
 * The conversation under an id as it is now, with its methods; renders at every change, every batch included (see
 * `useMessage` for rows that do not). It connects when the first component using it is mounted and is released a few
 * seconds after the last one left, later while a message is pending. That never cancels an answer, but `ended` promises
 * reject then. On the server: empty and `connecting`.
 *
 * @example
 * const { messages, connection, send } = useConversation(id);
 */
export function useConversation(id: string): ConversationState & ConversationMethods {
  const state = useFeed(id, 'state', stateOf);
  const methods = useConversationMethods(id);
  return useMemo(() => ({ ...state, ...methods }), [state, methods]);
}

/**
 * The methods alone: never renders, keeps nothing open, and their identities stay the same for an id. They work at any
 * time, after unmounting too: a method holds the conversation open until it has settled.
 */
export function useConversationMethods(id: string): ConversationMethods {
  const client = useChatClient();
  return useMemo(() => methodsOf(client, id), [client, id]);
}

/**
 * A part of the conversation; renders only when the part changes by `Object.is`, so `select` answers a primitive or
 * something that the state holds, not a new object.
 *
 * @example
 * const connection = useConversationPart(id, (state) => state.connection);
 */
export function useConversationPart<Part>(id: string, select: (state: ConversationState) => Part): Part {
  const read = useCallback((feed: ConversationFeed | undefined) => select(stateOf(feed)), [select]);
  return useFeed(id, 'state', read);
}

/** The ids of the messages, oldest first; renders only when a message comes or goes. For lists. */
export function useMessageIds(id: string): readonly string[] {
  return useFeed(id, 'ids', idsOf);
}

/**
 * One message; renders only when it changes, so that a batch renders one row however long the conversation is. Undefined
 * while it is not known. A pending message changes its id when the service accepts it.
 */
export function useMessage(id: string, messageId: string): ChatMessage | undefined {
  const topic = useMemo(() => ({ messageId }), [messageId]);
  const read = useCallback((feed: ConversationFeed | undefined) => feed?.message(messageId), [messageId]);
  return useFeed(id, topic, read);
}

function useFeed<Part>(
  id: string,
  topic: FeedTopic,
  read: (feed: ConversationFeed | undefined) => Part,
): Part {
  const feeds = feedsOf(useChatClient());
  const subscribe = useCallback(
    (listener: () => void) => {
      const { store, release } = feeds.hold(id);
      const stop = store.listen(topic, listener);
      return () => {
        stop();
        release();
      };
    },
    [feeds, id, topic],
  );
  return useSyncExternalStore(
    subscribe,
    () => read(feeds.peek(id)),
    () => read(undefined),
  );
}

function stateOf(feed: ConversationFeed | undefined): ConversationState {
  return feed?.state ?? UNCONNECTED;
}

function idsOf(feed: ConversationFeed | undefined): readonly string[] {
  return feed?.ids ?? NO_IDS;
}

function methodsOf(client: ChatClient, id: string): ConversationMethods {
  const feeds = feedsOf(client);
  const held = async <Result>(run: (conversation: Conversation) => Promise<Result>): Promise<Result> => {
    const { store, release } = feeds.hold(id);
    try {
      return await run(store.conversation);
    } finally {
      release();
    }
  };
  return {
    send: (options) => held((conversation) => conversation.send(options)),
    discard: (clientMessageId) => {
      const { store, release } = feeds.hold(id);
      store.conversation.discard(clientMessageId);
      release();
    },
    cancel: (messageId) => held((conversation) => conversation.cancel(messageId)),
    regenerate: (messageId, options) => held((conversation) => conversation.regenerate(messageId, options)),
    continue: (messageId) => held((conversation) => conversation.continue(messageId)),
    loadMore: () => held((conversation) => conversation.loadMore()),
  };
}
