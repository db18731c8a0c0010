import * as v5 from 'ai-v5';
import * as v6 from 'ai-v6';
import * as v7 from 'ai-v7';
import { readFileSync } from 'node:fs';

/** A message as the SDK's clients hold it. */
export interface UiMessage {
  id: string;
  role: 'system' | 'user' | 'assistant';
  parts: { type: string; text?: string; state?: string }[];
  metadata?: unknown;
}

/** A chunk as the SDK's reader lets it pass. */
export interface SdkChunk {
  type: string;
  id?: string;
  delta?: string;
  messageId?: string;
  data?: unknown;
  errorText?: string;
  messageMetadata?: { sha256?: string; length?: number; finishReason?: string };
}

interface Transport {
  sendMessages(options: {
    chatId: string;
    messages: UiMessage[];
    trigger: 'submit-message' | 'regenerate-message';
    messageId: string | undefined;
    abortSignal: AbortSignal | undefined;
  }): Promise<ReadableStream<SdkChunk>>;
  reconnectToStream(options: { chatId: string }): Promise<ReadableStream<SdkChunk> | null>;
}

/** Options of the transport that the tests use. */
export interface TransportOptions {
  api?: string;
  headers?: Record<string, string>;
  body?: object;
  fetch?: typeof fetch;
  prepareSendMessagesRequest?: (options: {
    id: string;
    messages: UiMessage[];
    trigger: string;
    messageId: string | undefined;
  }) => { body: object };
}

interface ChatInit {
  id: string;
  transport: Transport;
  state: ChatState;
  onError?: (error: Error) => void;
  onData?: (part: { type: string; data: unknown }) => void;
}

interface ChatState {
  status: string;
  error: Error | undefined;
  messages: UiMessage[];
  pushMessage: (message: UiMessage) => void;
  popMessage: () => void;
  replaceMessage: (index: number, message: UiMessage) => void;
  snapshot: <T>(value: T) => T;
}

interface AbstractChat {
  readonly status: string;
  readonly error: Error | undefined;
  messages: UiMessage[];
  sendMessage(message?: { text: string; messageId?: string }): Promise<void>;
  regenerate(options?: { messageId?: string }): Promise<void>;
  resumeStream(): Promise<void>;
  stop(): Promise<void>;
}

/** What the three versions have in common. */
export interface Sdk {
  readonly DefaultChatTransport: new (options: TransportOptions) => Transport;
  readonly AbstractChat: new (init: ChatInit) => AbstractChat;
  readonly readUIMessageStream: (options: {
    stream: ReadableStream<SdkChunk>;
    onError?: (error: unknown) => void;
  }) => AsyncIterable<UiMessage>;
}

const versionOf = (name: string) => {
  const file = new URL(`../node_modules/${name}/package.json`, import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
};

/** Every version of the `ai` package that the door is held to, with its number. */
export const SDKS = Object.entries({ 'ai-v5': v5, 'ai-v6': v6, 'ai-v7': v7 }).map(
  ([name, sdk]): [version: string, sdk: Sdk] => [versionOf(name), sdk as unknown as Sdk],
);

/** The chat that `useChat` wraps, with its state in plain fields. */
export function chatOf(
  sdk: Sdk,
  { id, messages = [], ...transport }: TransportOptions & { id: string; messages?: UiMessage[] },
) {
  const errors: Error[] = [];
  const data: { type: string; data: unknown }[] = [];
  const state: ChatState = {
    status: 'ready',
    error: undefined,
    messages,
    pushMessage: (message) => (state.messages = [...state.messages, message]),
    popMessage: () => (state.messages = state.messages.slice(0, -1)),
    replaceMessage: (index, message) =>
      (state.messages = state.messages.with(index, structuredClone(message))),
    snapshot: structuredClone,
  };
  const chat = new sdk.AbstractChat({
    id,
    transport: new sdk.DefaultChatTransport(transport),
    state,
    onError: (error) => errors.push(error),
    onData: (part) => data.push(part),
  });
  return { chat, errors, data };
}

/** The text of a message's parts of one type. */
export const textOf = (message: UiMessage | undefined, type = 'text') =>
  (message?.parts ?? []).flatMap((part) => (part.type === type ? [part.text] : [])).join('');

/** Lets the SDK's own transport read a body: its chunks, and the error it ended with. */
export async function sdkChunks(
  sdk: Sdk,
  body: ReadableStream<Uint8Array>,
): Promise<{ chunks: SdkChunk[]; error: unknown }> {
  const answer = () => Promise.resolve(new Response(body as ReadableStream<Uint8Array<ArrayBuffer>>));
  const transport = new sdk.DefaultChatTransport({ api: 'http://door.invalid', fetch: answer });
  const stream = await transport.reconnectToStream({ chatId: 'c1' });
  const chunks: SdkChunk[] = [];
  try {
    for await (const chunk of stream ?? []) chunks.push(chunk);
  } catch (error) {
    return { chunks, error };
  }
  return { chunks, error: undefined };
}
