import type {
  Conversation as ConversationItem,
  ConversationPage,
} from '../protocol/generated/schema-types.ts';
import { createAmplifyTransport } from './amplify-transport.ts';
import { createApi } from './api.ts';
import type { ChatAuth, ChatEndpoint } from './auth.ts';
import { systemClock, type Clock } from './clock.ts';
import { Conversation } from './conversation.ts';
import { randomId, sha256 } from './crypto.ts';
import type { Transport } from './transport.ts';
import { windowWake, type WakeSource } from './wake.ts';

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
  renameConversation(id: string, title: string): Promise<ConversationItem>;
  /** Hides the conversation at once; answers its id. Safe to repeat. */
  deleteConversation(id: string): Promise<string>;
  /** Closes every conversation. */
  close(): void;
}

/** Makes a client. Nothing is sent before a conversation is subscribed to or used. */
export function createChatClient(options: ChatClientOptions): ChatClient {
  const { clock = systemClock, random = Math.random, newId = randomId, wakeSource = windowWake } = options;
  const transport =
    options.transport ?? createAmplifyTransport({ endpoint: options.endpoint, auth: options.auth, clock });
  const api = createApi(transport);
  const open = new Map<string, { readonly conversation: Conversation; readonly stopWaking: () => void }>();

  const conversation = (id: string): Conversation => {
    const known = open.get(id);
    if (known) return known.conversation;
    const opened = new Conversation(id, {
      api,
      clock,
      random,
      newId,
      sha256: options.sha256 ?? sha256,
      onClosed: () => {
        open.get(id)?.stopWaking();
        open.delete(id);
      },
    });
    open.set(id, { conversation: opened, stopWaking: wakeSource.listen(opened.wake) });
    return opened;
  };

  return {
    conversation,
    conversations: ({ limit, nextToken } = {}) => api.conversations(limit, nextToken),
    renameConversation: (id, title) => api.rename(id, title),
    deleteConversation: async (id) => {
      const deleted = await api.delete(id);
      open.get(id)?.conversation.deleted();
      return deleted;
    },
    close: () => {
      for (const { conversation: opened } of [...open.values()]) opened.close();
    },
  };
}
