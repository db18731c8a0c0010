import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { MessageStatus } from '../../protocol/generated/schema-types.ts';
import { callerOf, modelRequests, type MessageName, type WireState } from './api.ts';
import { countedText, expectReceipt } from './streamed-answer.ts';
import { useLocalTarget } from './target.ts';

const target = useLocalTarget();
const caller = () => callerOf(target(), { apiKey: target().apiKey });

const BEGINNING = countedText(5);
const hasBegun = ({ text }: WireState) => text.startsWith(BEGINNING);

/** Ways to a terminal state; each resolves when the answer is in it. */
const WAYS: Record<
  Exclude<MessageStatus, 'PENDING' | 'STREAMING'>,
  { readonly prompt: string; readonly end?: (answer: MessageName) => Promise<unknown> }
> = {
  COMPLETE: { prompt: '/tokens 40 400' },
  FAILED: { prompt: '/truncate 5' },
  CANCELLED: {
    prompt: '/tokens 900 60',
    end: async (answer) => {
      await caller().until(answer, hasBegun);
      const { conversationId, id: messageId } = answer;
      await caller().call('cancel', { conversationId, messageId });
    },
  },
  INTERRUPTED: {
    prompt: '/tokens 901 60',
    end: async (answer) => {
      await caller().until(answer, hasBegun);
      const killed = target().stack.lambda.killWorker(
        ({ event }) => (event as { messageId?: string }).messageId === answer.id,
      );
      expect(killed).toBe(1);
    },
  },
};

describe('regenerateMessage', () => {
  it.each(Object.entries(WAYS))('answers anew what is %s, and leaves that as it is', async (status, way) => {
    const { conversation, userMessage, assistantMessage } = await caller().send(way.prompt);
    await way.end?.(assistantMessage);
    const before = await caller().ended(assistantMessage);
    expect(before).toMatchObject({ status, attempt: 1 });

    const input = {
      ...{ conversationId: conversation.id, messageId: assistantMessage.id },
      clientMessageId: randomUUID(),
    };
    const anew = await caller().call('regenerate', { input });
    expect(anew).toMatchObject({ deduplicated: false, userMessage });
    expect(anew.assistantMessage).toMatchObject({
      ...{ status: 'PENDING', attempt: 1, text: '', end: null },
      parentId: userMessage.id,
    });
    await caller().until(anew.assistantMessage, hasBegun);
    if (status === 'CANCELLED' || status === 'INTERRUPTED')
      await caller().call('cancel', {
        conversationId: conversation.id,
        messageId: anew.assistantMessage.id,
      });
    const after = await caller().ended(anew.assistantMessage);

    expect(hasBegun(after)).toBe(true);
    expect(countedText(901).startsWith(after.text)).toBe(true);
    expectReceipt(after.end, after.text);
    expect(await caller().ended(assistantMessage)).toEqual(before);
    expect(await modelRequests(target(), way.prompt)).toHaveLength(2);
    expect(
      await caller().call('regenerate', { input }),
      'a repeat meets the same answer, which is not started again',
    ).toMatchObject({ deduplicated: true, assistantMessage: { id: anew.assistantMessage.id } });
    expect(await modelRequests(target(), way.prompt)).toHaveLength(2);
  });
});
