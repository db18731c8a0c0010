import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { ChatMessage, Conversation } from '../../client/index.ts';
import { chatClient, connected, messageWith, recordedConversation } from './client-conversation.ts';
import { countedText, expectReceipt, storedMessage } from './streamed-answer.ts';
import { useLocalTarget } from './target.ts';

const TOKENS = 300;

const target = useLocalTarget();

const hasText = (message: ChatMessage) => message.text.length > 20;
const running = (conversation: Conversation, messageId: string) =>
  messageWith(conversation, messageId, hasText, 'text');

describe('what a conversation does', () => {
  it('shows a sent text at once, pending, and the same under its stored id afterwards', async () => {
    const { conversation, states } = recordedConversation(target());
    const clientMessageId = randomUUID();

    const { ended } = await conversation.send({ text: '/echo hello', clientMessageId });
    await ended;

    const users = states.map(({ messages }) => messages.filter(({ role }) => role === 'USER'));
    expect(users.every((messages) => messages.length <= 1)).toBe(true);
    const first = users.find((messages) => messages.length > 0)?.[0];
    expect(first).toMatchObject({ id: clientMessageId, pending: true, text: '/echo hello' });
    expect(users.at(-1)?.[0]).toMatchObject({ pending: false, text: '/echo hello', clientMessageId });
    expect(users.at(-1)?.[0]?.id).not.toBe(clientMessageId);
  });

  it('cancels an answer, keeps its text, and answers a repeat the same', async () => {
    const { conversation, isPrefixOf } = recordedConversation(target());
    const { messageId, ended } = await conversation.send({ text: `/tokens ${TOKENS} 50` });
    await running(conversation, messageId);

    expect((await conversation.cancel(messageId)).id).toBe(messageId);
    const message = await ended;

    expect(message).toMatchObject({ status: 'CANCELLED', end: { reason: 'CANCELLED' } });
    expect(countedText(TOKENS).startsWith(message.text)).toBe(true);
    expect(message.text.length).toBeLessThan(countedText(TOKENS).length);
    expectReceipt(message.end, message.text);
    expect(isPrefixOf(messageId, countedText(TOKENS))).toBe(true);
    expect(await conversation.cancel(messageId)).toBe(message);
  });

  it('regenerates an answer as a sibling', async () => {
    const { conversation } = recordedConversation(target());
    const first = await conversation.send({ text: '/echo twice' });
    const original = await first.ended;

    const second = await conversation.regenerate(first.messageId);
    const sibling = await second.ended;

    expect(sibling).toMatchObject({ text: 'twice', parentId: original.parentId });
    expect(sibling.id).not.toBe(original.id);
    expect(conversation.getSnapshot().messages.map(({ id }) => id)).toEqual([
      original.parentId,
      original.id,
      sibling.id,
    ]);
  });

  it('resolves a failed answer with its error', async () => {
    const { conversation } = recordedConversation(target());

    const message = await (await conversation.send({ text: '/error 401' })).ended;

    expect(message).toMatchObject({ status: 'FAILED', end: { error: { code: 'UPSTREAM_AUTH' } } });
  });

  it('agrees with a second client, which sees both messages without having sent them', async () => {
    const id = randomUUID();
    const one = recordedConversation(target(), { type: 'token' }, id);
    const two = recordedConversation(target(), { type: 'token' }, id);
    await connected(two.conversation);

    const { messageId, ended } = await one.conversation.send({ text: `/tokens ${TOKENS} 100` });
    await messageWith(two.conversation, messageId, hasText, 'text');
    const message = await ended;
    const seen = await messageWith(two.conversation, messageId, ({ end }) => end !== null, 'end');

    expect({ ...seen, nextWithinMs: 0 }).toEqual(message);
    const shown = (conversation: Conversation) =>
      conversation.getSnapshot().messages.map(({ id: key, text, parentId }) => [key, text, parentId]);
    await expect.poll(() => shown(two.conversation)).toEqual(shown(one.conversation));
    expect(two.isPrefixOf(messageId, countedText(TOKENS))).toBe(true);

    // What one does, the other sees: it never asked for this cancel.
    const next = await two.conversation.send({ text: '/tokens 400 40' });
    await messageWith(one.conversation, next.messageId, hasText, 'text');
    await one.conversation.cancel(next.messageId);
    expect((await next.ended).status).toBe('CANCELLED');
  });

  it('goes on with an answer that runs when the page is loaded', async () => {
    const id = randomUUID();
    const before = recordedConversation(target(), undefined, id);
    const { messageId } = await before.conversation.send({ text: `/tokens ${TOKENS} 100` });
    await running(before.conversation, messageId);
    before.chat.close();

    const after = recordedConversation(target(), undefined, id);
    const message = await messageWith(after.conversation, messageId, ({ end }) => end !== null, 'end');

    expect(message).toMatchObject({ status: 'COMPLETE', text: countedText(TOKENS) });
    expect(after.isPrefixOf(messageId, countedText(TOKENS))).toBe(true);
  });

  it('reads on in an answer that is longer than a listing holds', async () => {
    const id = randomUUID();
    const before = recordedConversation(target(), undefined, id);
    const { messageId, ended } = await before.conversation.send({ text: '/tokens 9000 10000' });
    const long = await ended;
    expect(long.text === countedText(9_000)).toBe(true);
    const listed = await storedMessage(target(), { apiKey: target().apiKey }, id, messageId);
    expect(listed.text.length).toBeLessThan(long.text.length);

    const after = recordedConversation(target(), undefined, id);
    const message = await messageWith(after.conversation, messageId, ({ end }) => end !== null, 'end');

    expect(message.text === countedText(9_000)).toBe(true);
  });

  it('loads older messages page by page', async () => {
    const id = randomUUID();
    const chat = chatClient(target());
    const writer = chat.conversation(id);
    const sent: string[] = [];
    for (let index = 0; index < 27; index += 1) {
      const { messageId } = await writer.send({ text: `/echo ${index}` });
      sent.push(messageId);
    }
    const { conversation } = recordedConversation(target(), undefined, id);
    await expect.poll(() => conversation.getSnapshot().messages.length).toBe(50);
    expect(conversation.getSnapshot().hasMore).toBe(true);

    await conversation.loadMore();
    await conversation.loadMore();

    const { messages, hasMore } = conversation.getSnapshot();
    expect(hasMore).toBe(false);
    expect(messages).toHaveLength(54);
    expect(messages.filter(({ role }) => role === 'ASSISTANT').map((message) => message.id)).toEqual(sent);
  });

  it('lists, renames and deletes conversations; a deleted one rejects who waits for its answer', async () => {
    const { chat, conversation } = recordedConversation(target(), { type: 'token' });
    const { messageId, ended } = await conversation.send({ text: '/tokens 400 40' });
    await running(conversation, messageId);

    expect(await chat.renameConversation(conversation.id, 'A name')).toMatchObject({ title: 'A name' });
    expect((await chat.conversations({ limit: 1 })).items).toMatchObject([
      { id: conversation.id, title: 'A name' },
    ]);
    expect(await chat.deleteConversation(conversation.id)).toBe(conversation.id);

    await expect(ended).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const { items } = await chat.conversations();
    expect(items.map(({ id }) => id)).not.toContain(conversation.id);
  });

  it('rejects who waits when it is closed, and the answer goes on', async () => {
    const id = randomUUID();
    const { conversation } = recordedConversation(target(), undefined, id);
    const { messageId, ended } = await conversation.send({ text: `/tokens ${TOKENS} 150` });
    await running(conversation, messageId);

    conversation.close();

    await expect(ended).rejects.toMatchObject({ code: 'NETWORK' });
    await expect(conversation.send({ text: 'late' })).rejects.toMatchObject({ code: 'NETWORK' });
    const again = recordedConversation(target(), undefined, id);
    const message = await messageWith(again.conversation, messageId, ({ end }) => end !== null, 'end');
    expect(message).toMatchObject({ status: 'COMPLETE', text: countedText(TOKENS) });
  });
});
