import type {
  Conversation as ConversationItem,
  ConversationPage,
} from '../protocol/generated/schema-types.ts';
import { createAmplifyTransport } from './amplify-transport.ts';
import { createApi } from './api.ts';
import type { ChatAuth, ChatEndpoint } from './auth.ts';
import { systemClock, type Clock } from './clock.ts';
import { ConversationList } from './conversation-list.ts';
import { Conversation } from './conversation.ts';
import { randomId, sha256 } from './crypto.ts';
import { keptSends, type OutboxStorage } from './kept-sends.ts';
import type { Transport } from './transport.ts';
import { windowFocus, windowWake, type WakeSource } from './wake.ts';

/** What a client can be given besides its connection; tests replace these. */
export interface ChatClientParts {
  /** @defaultValue the machine's time */
  readonly clock?: Clock;
  /** 0 to 1, for jitter. @defaultValue Math.random */
  readonly random?: () => number;
  /** New ids of sends. @defaultValue UUIDs */
  readonly newId?: () => string;
  /** Lower-case hex over UTF-8. @defaultValue the platform's */
  readonly sha256?: (text: string) => Promise<string>;
  /** @defaultValue visible, online and pageshow of the window, where there is one */
  readonly wakeSource?: WakeSource;
  /** When another window may have changed the list of conversations. @defaultValue focus of the window, where there is one */
  readonly focusSource?: WakeSource;
  /**
   * Where unsent messages outlive a reload; false: nowhere. @defaultValue `localStorage` under the service's address and the
   * user, where there is a window and the user is known
   */
  readonly outbox?: OutboxStorage | false;
}

/** How a client reaches the service: over Amplify, or over a transport of the caller's. */
export type ChatConnection =
  | {
      /** May be left out when `Amplify.configure` was given one. A local `http:` address works as it is. */
      readonly endpoint?: ChatEndpoint;
      readonly auth: ChatAuth;
      readonly transport?: undefined;
    }
  | { readonly transport: Transport };

/** What a chat client is made with. */
export type ChatClientOptions = ChatConnection & ChatClientParts;

/** A page of conversations to ask for. */
export interface PageOptions {
  /** 1 to 100. @defaultValue 50 */
  readonly limit?: number;
  /** As the page before answered it. */
  readonly nextToken?: string | null;
}

/** The service as one user sees it. Everything rejects with a ChatError. */
export interface ChatClient {
  /** A conversation under an id the caller chose (a UUID); created by its first message. The same object until it is closed. */
  conversation(id: string): Conversation;
  /** The caller's conversations, newest first. */
  conversations(options?: PageOptions): Promise<ConversationPage>;
  /** The caller's conversations as a store that keeps itself up to date, `limit` a page. The same object until it is closed. */
  conversationList(options?: Pick<PageOptions, 'limit'>): ConversationList;
  renameConversation(id: string, title: string): Promise<ConversationItem>;
  /** Hides the conversation at once; answers its id. Safe to repeat. */
  deleteConversation(id: string): Promise<string>;
  /** Forgets the unsent messages that are kept for this user: for signing out on a machine that others use. Never rejects. */
  forgetUnsent(): Promise<void>;
  /** Closes every conversation and every list. */
  close(): void;
}

/** Makes a client. Nothing is sent before a conversation or a list is subscribed to or used. */
export function createChatClient(options: ChatClientOptions): ChatClient {
  const { clock = systemClock, random = Math.random, newId = randomId } = options;
  const { wakeSource = windowWake, focusSource = windowFocus } = options;
  const transport =
    options.transport ?? createAmplifyTransport({ endpoint: options.endpoint, auth: options.auth, clock });
  const api = createApi(transport);
  const kept = options.outbox ?? defaultOutbox(transport);
  const conversations = new Map<string, Conversation>();
  const lists = new Map<number | undefined, ConversationList>();
  const eachList = (tell: (list: ConversationList) => void) => [...lists.values()].forEach(tell);

  const renameConversation = async (id: string, title: string): Promise<ConversationItem> => {
    const renamed = await api.rename(id, title);
    eachList((list) => list.changed(renamed));
    return renamed;
  };

  const deleteConversation = async (id: string): Promise<string> => {
    const deleted = await api.delete(id);
    conversations.get(id)?.deleted();
    eachList((list) => list.deleted(id));
    return deleted;
  };

  const conversation = (id: string): Conversation => {
    const known = conversations.get(id);
    if (known) return known;
    const opened = new Conversation(id, {
      api,
      clock,
      random,
      newId,
      sha256: options.sha256 ?? sha256,
      kept: kept || undefined,
      onActivity: () => eachList((list) => list.touch()),
      onClosed: () => {
        stopWaking();
        conversations.delete(id);
      },
    });
    const stopWaking = wakeSource.listen(opened.wake);
    conversations.set(id, opened);
    return opened;
  };

  const conversationList = ({ limit }: Pick<PageOptions, 'limit'> = {}): ConversationList => {
    const known = lists.get(limit);
    if (known) return known;
    const opened = new ConversationList({
      clock,
      random,
      page: (nextToken) => api.conversations(limit, nextToken),
      rename: renameConversation,
      remove: deleteConversation,
      onClosed: () => {
        for (const stop of stops) stop();
        lists.delete(limit);
      },
    });
    const stops = [wakeSource, focusSource].map((source) => source.listen(opened.wake));
    lists.set(limit, opened);
    return opened;
  };

  return {
    conversation,
    conversations: ({ limit, nextToken } = {}) => api.conversations(limit, nextToken),
    conversationList,
    renameConversation,
    deleteConversation,
    forgetUnsent: async () => {
      if (kept) await kept.clear();
    },
    close: () => {
      for (const opened of [...conversations.values(), ...lists.values()]) opened.close();
    },
  };
}

function defaultOutbox(transport: Transport): OutboxStorage | undefined {
  if (typeof window === 'undefined') return undefined;
  return keptSends(async () => transport.identity?.());
}
