import { randomUUID } from 'node:crypto';
import { onTestFinished } from 'vitest';
import {
  createChatClient,
  type ChatAuth,
  type ChatClient,
  type Conversation,
  type ConversationState,
} from '../../client/index.ts';
import type { Target } from './target.ts';

/** How a test's client signs in. */
export interface Session {
  readonly type: 'apiKey' | 'token';
  /** Replaces the token of `alice`. */
  readonly getToken?: () => Promise<string>;
}

/** The library as an application uses it, over the real Amplify; closed when the test ends. */
export function chatClient(target: Target, session: Session = { type: 'apiKey' }): ChatClient {
  const auth: ChatAuth =
    session.type === 'apiKey'
      ? { type: 'apiKey', apiKey: target.apiKey }
      : { type: 'token', getToken: session.getToken ?? (() => target.token('alice')) };
  const chat = createChatClient({ endpoint: target.graphqlUrl, auth });
  onTestFinished(() => chat.close());
  return chat;
}

/** A conversation with every snapshot it told. */
export interface RecordedConversation {
  readonly chat: ChatClient;
  readonly conversation: Conversation;
  readonly states: readonly ConversationState[];
  /** Every text of the message that was ever shown, in order, repeats left out. */
  readonly textsOf: (messageId: string) => readonly string[];
  /** I1: whether every one of them is a beginning of `text`. */
  readonly isPrefixOf: (messageId: string, text: string) => boolean;
}

/** Opens a conversation and records it. */
export function recordedConversation(
  target: Target,
  session?: Session,
  id: string = randomUUID(),
): RecordedConversation {
  const chat = chatClient(target, session);
  const conversation = chat.conversation(id);
  const states: ConversationState[] = [];
  conversation.subscribe((state) => states.push(state));
  const textsOf = (messageId: string) =>
    states
      .flatMap(({ messages }) => messages.filter((message) => message.id === messageId))
      .map(({ text }) => text)
      .filter((text, index, texts) => text !== texts[index - 1]);
  return {
    chat,
    conversation,
    states,
    textsOf,
    isPrefixOf: (messageId, text) => textsOf(messageId).every((shown) => text.startsWith(shown)),
  };
}
