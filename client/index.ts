/** The client library, free of any framework (contract: docs and PROTOCOL.md). */
export type { ChatAuth, ChatEndpoint } from './auth.ts';
export {
  createChatClient,
  type ChatClient,
  type ChatClientOptions,
  type ChatClientParts,
  type ChatConnection,
  type PageOptions,
} from './chat-client.ts';
export type { Clock } from './clock.ts';
export type { ConversationList, ConversationListState } from './conversation-list.ts';
export type { Conversation } from './conversation.ts';
export { keptSends, type KeptSend, type OutboxStorage } from './kept-sends.ts';
export type { RegenerateOptions, RequestedAnswer, SendOptions } from './requests.ts';
export {
  isRevealing,
  revealedUnits,
  revealedWhole,
  revealTowards,
  SETTLE_WITHIN_MS,
  type Reveal,
} from './reveal.ts';
export type { ChatMessage, ConnectionState, ConversationState } from './snapshot.ts';
export type { SubscriptionObserver, Transport, Variables } from './transport.ts';
export type { WakeSource } from './wake.ts';
export { ChatError, isChatError, type ErrorCode } from '../protocol/errors.ts';
export type {
  Conversation as ConversationItem,
  ConversationPage,
  GenerationEnd,
  MessageRole,
  MessageStatus,
  PacingProfile,
  TokenBatch,
} from '../protocol/generated/schema-types.ts';
