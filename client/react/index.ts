/** React hooks over the client library. React 18 or newer is the application's own. */
export { ChatProvider, useChatClient, type ChatProviderProps } from './chat-provider.ts';
export { RowGroups, type RowGroupsProps } from './row-groups.ts';
export {
  useConversation,
  useConversationMethods,
  useConversationPart,
  useMessage,
  useMessageIds,
  type ConversationMethods,
} from './use-conversation.ts';
export {
  useConversations,
  type ConversationListMethods,
  type ConversationsOptions,
} from './use-conversations.ts';
export { useRevealedText } from './use-revealed-text.ts';
