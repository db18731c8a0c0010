import { createHash, randomUUID } from 'node:crypto';
import { onTestFinished } from 'vitest';
import {
  ChatError,
  createChatClient,
  type ChatClientParts,
  type ConversationState,
  type SubscriptionObserver,
  type TokenBatch,
  type Transport,
  type Variables,
} from '../../client/index.ts';
import type {
  GenerationEnd,
  Message,
  MessageState,
  SendMessagePayload,
} from '../../protocol/generated/schema-types.ts';
import { state as sampleState } from '../protocol/sample-batches.ts';
import { ManualClock, settled } from './manual-clock.ts';

/** SHA-256 of a text in UTF-8, lower-case hex. */
export const sha256 = (text: string) => createHash('sha256').update(text, 'utf8').digest('hex');

/** One subscription as the service sees it. */
export interface FakeSubscription {
  readonly observer: SubscriptionObserver;
  isEnded: boolean;
}

type Answer = (variables: Variables) => unknown;

/** The receipt of a text. */
export function receipt(text: string): GenerationEnd {
  return {
    reason: 'STOP',
    length: text.length,
    sha256: sha256(text),
    reasoningLength: 0,
    continuable: false,
  };
}

/** A service that answers as it is told, and notes what it was asked. */
export class FakeService implements Transport {
  readonly subscriptions: FakeSubscription[] = [];
  readonly requests: { readonly field: string; readonly variables: Variables }[] = [];
  /** What is answered by field; a ChatError is thrown. */
  readonly answers: Record<string, Answer> = {
    messages: () => ({ items: [...this.stored].reverse(), nextToken: null }),
  };
  readonly stored: Message[] = [];

  readonly query = <Data>(document: string, variables: Variables) => this.#answer<Data>(document, variables);
  readonly mutate = this.query;

  subscribe(_document: string, _variables: Variables, observer: SubscriptionObserver): () => void {
    const subscription = { observer, isEnded: false };
    this.subscriptions.push(subscription);
    return () => {
      subscription.isEnded = true;
    };
  }

  /** The newest subscription. */
  get current(): FakeSubscription {
    return this.subscriptions.at(-1) as FakeSubscription;
  }

  /** How often a field was asked for. */
  count(field: string): number {
    return this.requests.filter((request) => request.field === field).length;
  }

  async #answer<Data>(document: string, variables: Variables): Promise<Data> {
    const field = /\{\s*(\w+)/.exec(document)?.[1] ?? '';
    this.requests.push({ field, variables });
    const answer = this.answers[field]?.(variables);
    await Promise.resolve();
    if (answer === undefined) throw new ChatError('NETWORK');
    if (answer instanceof Error) throw answer;
    return { [field]: answer } as Data;
  }
}

/** A stored message. */
export function message(fields: Partial<Message> & Pick<Message, 'id'>): Message {
  return {
    conversationId: 'c1',
    parentId: null,
    role: 'ASSISTANT',
    text: '',
    reasoning: null,
    status: 'PENDING',
    attempt: 1,
    model: null,
    clientMessageId: null,
    end: null,
    createdAt: '2026-01-01T00:00:00.000Z',
    ...fields,
  };
}

/** What a send answers: the question `m1-0` and its answer `m1-1`. */
export function accepted(text: string, clientMessageId: string): SendMessagePayload {
  const userMessage = message({ id: 'm1-0', role: 'USER', status: 'COMPLETE', text, clientMessageId });
  return {
    conversation: { id: 'c1', createdAt: '2026-01-01T00:00:00.000Z', updatedAt: '2026-01-01T00:00:00.000Z' },
    userMessage,
    assistantMessage: message({ id: 'm1-1', parentId: 'm1-0', clientMessageId }),
    deduplicated: false,
  };
}

/** Accepts any send as `m1-0` and `m1-1`. */
export function accept({ input }: Variables): SendMessagePayload {
  const { text, clientMessageId } = input as { text: string; clientMessageId: string };
  return accepted(text, clientMessageId);
}

/** A batch of `m1-1`; START by default. */
export function batch(fields: Partial<TokenBatch> = {}): TokenBatch {
  return {
    conversationId: 'c1',
    messageId: 'm1-1',
    owner: 'u:1',
    attempt: 1,
    seq: 0,
    kind: fields.end ? 'END' : fields.text ? 'DELTA' : 'START',
    part: 'TEXT',
    offset: 0,
    text: '',
    resumeOffset: 0,
    resumeReasoningOffset: 0,
    nextWithinMs: 0,
    status: fields.end ? 'COMPLETE' : 'STREAMING',
    userMessageId: 'm1-0',
    end: null,
    publishedAt: '2026-01-01T00:00:00.000Z',
    ...fields,
  };
}

/** A page of messageState of `m1-1`. */
export function state(fields: Partial<MessageState> = {}): MessageState {
  return sampleState({
    messageId: 'm1-1',
    status: fields.end ? 'COMPLETE' : 'STREAMING',
    ...fields,
  });
}

/** A client over a fake service, its time stopped; `c1` is open and everything it told is kept. */
export function fakeConversation(service = new FakeService(), options: Pick<ChatClientParts, 'outbox'> = {}) {
  const clock = new ManualClock();
  const wakes = new Set<() => void>();
  const chat = createChatClient({
    ...options,
    transport: service,
    clock,
    random: () => 0.5,
    newId: randomUUID,
    sha256: (text) => Promise.resolve(sha256(text)),
    wakeSource: {
      listen: (listener) => {
        wakes.add(listener);
        return () => void wakes.delete(listener);
      },
    },
  });
  onTestFinished(() => chat.close());
  const conversation = chat.conversation('c1');
  const states: ConversationState[] = [];
  conversation.subscribe((told) => states.push(told));
  return {
    service,
    clock,
    chat,
    conversation,
    states,
    wakes,
    /** The answer as it is shown now. */
    answer: () => conversation.getSnapshot().messages.find(({ id }) => id === 'm1-1'),
    hear: async (...batches: TokenBatch[]) => {
      for (const heard of batches) service.current.observer.onBatch(heard);
      await settled();
    },
  };
}

/** The same, acknowledged, past the listing that follows, and with an answer that has begun. */
export async function runningAnswer(service = new FakeService()) {
  service.stored.push(message({ id: 'm1-0', role: 'USER', status: 'COMPLETE', text: 'hi' }));
  service.stored.push(message({ id: 'm1-1', parentId: 'm1-0' }));
  service.answers.messageState = () => state({ status: 'PENDING' });
  const fake = fakeConversation(service);
  await settled();
  service.current.observer.onAck();
  await fake.clock.advance(2_000);
  await fake.hear(batch());
  service.requests.length = 0;
  return fake;
}
