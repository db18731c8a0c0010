import { createContext, createElement, useContext, type ReactElement, type ReactNode } from 'react';
import type { ChatClient } from '../chat-client.ts';

const ClientContext = createContext<ChatClient | undefined>(undefined);

/** What a provider is given. */
export interface ChatProviderProps {
  /** Stays the caller's: the provider never closes it. Another client makes every hook below begin anew. */
  readonly client: ChatClient;
  readonly children?: ReactNode;
}

/**
 * Gives a chat client to the hooks below it.
 *
 * @example
 * const client = createChatClient({ endpoint, auth: { type: 'amplify' } });
 * <ChatProvider client={client}><App /></ChatProvider>
 */
export function ChatProvider({ client, children }: ChatProviderProps): ReactElement {
  return createElement(ClientContext.Provider, { value: client }, children);
}

/** The client of the nearest provider. @throws Error without one: a mistake of the program. */
export function useChatClient(): ChatClient {
  const client = useContext(ClientContext);
  if (!client) throw new Error('Chat hooks need a <ChatProvider client={...}> above them.');
  return client;
}
