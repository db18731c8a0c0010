import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { DOCUMENTS, graphql, type WireSend } from './graphql.ts';
import { useTarget } from './target.ts';

const target = useTarget();

describe('sendMessage', () => {
  it('answers both messages of a new conversation', async () => {
    const input = { conversationId: randomUUID(), clientMessageId: randomUUID(), text: 'hello' };
    const answer = await graphql<{ sendMessage: WireSend }>(
      target(),
      { token: await target().token('alice') },
      DOCUMENTS.send,
      { input },
    );
    expect(answer.errors).toBeUndefined();
    const { userMessage, assistantMessage, deduplicated } = answer.data.sendMessage;
    expect(userMessage).toMatchObject({ role: 'USER', text: 'hello', status: 'COMPLETE', parentId: null });
    expect(assistantMessage).toMatchObject({
      role: 'ASSISTANT',
      status: 'PENDING',
      attempt: 1,
      parentId: userMessage.id,
    });
    expect(deduplicated).toBe(false);
  });
});
