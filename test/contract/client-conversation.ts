import { randomUUID } from 'node:crypto';
import { expect, onTestFinished } from 'vitest';
import {
  createChatClient,
  type ChatAuth,
  type ChatClient,
  type ChatMessage,
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

/** The message once a condition holds for it, now or in a later snapshot; rejects with what is known after that time. */
export function messageWith(
  conversation: Conversation,
  messageId: string,
  holds: (message: ChatMessage) => boolean,
  what: string,
  withinMs = 20_000,
): Promise<ChatMessage> {
  return new Promise((resolve, reject) => {
    const look = ({ messages }: ConversationState) => {
      const message = messages.find(({ id }) => id === messageId);
      if (!message || !holds(message)) return;
      stop();
      clearTimeout(timer);
      resolve(message);
    };
    const stop = conversation.subscribe(look);
    const timer = setTimeout(() => {
      stop();
      const { connection, messages } = conversation.getSnapshot();
      const known = messages.map(({ id, status, attempt, text }) => [id, status, attempt, text.length]);
      reject(new Error(`${what}: not within ${withinMs} ms; ${connection}, ${JSON.stringify(known)}`));
    }, withinMs);
    look(conversation.getSnapshot());
  });
}

/** Resolves once the conversation is live. */
export async function connected(conversation: Conversation): Promise<void> {
  await expect.poll(() => conversation.getSnapshot().connection).toBe('live');
}
