import { createHash } from 'node:crypto';
import type { SubscriptionObserver, TokenBatch, Transport } from '../client/index.ts';
import type { GenerationEnd, Message } from '../protocol/generated/schema-types.ts';

const AT = '2026-01-01T00:00:00.000Z';
const ANSWER = 'm2-answer';

/** A service that is nothing but one long conversation whose newest answer runs. */
export interface LongConversation {
  readonly transport: Transport;
  /** Acknowledges the subscription. */
  acknowledge(): void;
  /** Publishes the next batch of the running answer; the first is its START. */
  publish(text: string): void;
}

/** So many messages: whole answers and their questions, then one answer that runs. */
export function longConversation(count: number): LongConversation {
  const items = Array.from({ length: count - 1 }, (_, index) => storedMessage(index)).reverse();
  const answers: Record<string, unknown> = { messages: { items, nextToken: null } };
  let observer: SubscriptionObserver | undefined;
  let seq = 0;
  let offset = 0;
  const answer = <Data>(document: string): Promise<Data> => {
    const field = /\{\s*(\w+)/.exec(document)?.[1] ?? '';
    if (!(field in answers)) throw new Error(`The conversation was asked for ${field}`);
    return Promise.resolve({ [field]: answers[field] } as Data);
  };
  return {
    transport: {
      query: answer,
      mutate: answer,
      subscribe(_document, _variables, watching) {
        observer = watching;
        return () => (observer = undefined);
      },
    },
    acknowledge: () => observer?.onAck(),
    publish(text) {
      observer?.onBatch(batch(seq, offset, text));
      seq += 1;
      offset += text.length;
    },
  };
}

function storedMessage(index: number): Message {
  const isQuestion = index % 2 === 0;
  const text = `Message ${index}: ${'lorem ipsum '.repeat(20)}`;
  return {
    id: `m1-${String(index).padStart(6, '0')}`,
    conversationId: 'bench',
    role: isQuestion ? 'USER' : 'ASSISTANT',
    text,
    status: 'COMPLETE',
    attempt: 1,
    end: isQuestion ? null : receipt(text),
    createdAt: AT,
  };
}

function receipt(text: string): GenerationEnd {
  const sha256 = createHash('sha256').update(text, 'utf8').digest('hex');
  return { reason: 'STOP', length: text.length, sha256, reasoningLength: 0, continuable: false };
}

function batch(seq: number, offset: number, text: string): TokenBatch {
  return {
    conversationId: 'bench',
    messageId: ANSWER,
    owner: 'u:bench',
    attempt: 1,
    seq,
    kind: seq === 0 ? 'START' : 'DELTA',
    part: 'TEXT',
    offset,
    text,
    resumeOffset: 0,
    resumeReasoningOffset: 0,
    nextWithinMs: 0,
    status: 'STREAMING',
    publishedAt: AT,
  };
}
