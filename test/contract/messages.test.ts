import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { ulid } from 'ulid';
import { conversationKey } from '../../protocol/keys.ts';
import type { AssistantMessageItem, ConversationItem } from '../../protocol/items.ts';
import { callerOf, codeOf, modelRequests, PLAYGROUND } from './api.ts';
import type { WireMessage } from './graphql.ts';
import { keyOf, sendItems, storedItems, withProbe } from './stored-items.ts';
import { useLocalTarget } from './target.ts';

const target = useLocalTarget(withProbe);
const caller = () => callerOf(target(), { apiKey: target().apiKey });

/** What the model was told, as `role: text` without the system prompt. */
async function toldFor(prompt: string): Promise<string[]> {
  const requests = await modelRequests(target(), prompt);
  return (requests.at(-1)?.body.messages ?? [])
    .filter(({ role }) => role !== 'system')
    .map(
      ({ role, content }) => `${role}: ${typeof content === 'string' ? content : JSON.stringify(content)}`,
    );
}

describe('sendMessage', () => {
  it('creates the conversation with a title from the first line that says something', async () => {
    const sent = await caller().send('\n  \n  What is a stream?  \nTell me more.');
    const conversation = await caller().call('conversation', { id: sent.conversation.id });
    expect(conversation).toMatchObject({
      title: 'What is a stream?',
      lastMessageId: sent.assistantMessage.id,
      createdAt: sent.userMessage.createdAt,
      updatedAt: sent.userMessage.createdAt,
    });
    expect(sent.conversation).toMatchObject({
      title: 'What is a stream?',
      lastMessageId: sent.assistantMessage.id,
    });
  });

  it('cuts a long title between characters', async () => {
    const { conversation } = await caller().send(`/echo ${'😀'.repeat(60)}`);
    expect(conversation.title).toBe(`/echo ${'😀'.repeat(36)}…`);
  });

  it('takes the longest text there is, of empty lines but for its last character', async () => {
    const text = `${'\n'.repeat(31_999)}x`;
    const { userMessage, conversation } = await caller().send(text);
    expect(userMessage.text).toBe(text);
    expect(conversation.title).toBe('x');
  });

  it('moves the conversation and keeps its title; an omitted parent is its last message', async () => {
    const first = await caller().send('/echo one');
    const conversationId = first.conversation.id;
    await caller().ended(first.assistantMessage);
    const second = await caller().send('/echo two', { conversationId });
    expect(second.userMessage.parentId).toBe(first.assistantMessage.id);
    expect(second.conversation).toMatchObject({
      title: '/echo one',
      lastMessageId: second.assistantMessage.id,
    });
    expect(second.conversation.updatedAt >= first.conversation.updatedAt).toBe(true);
    await caller().ended(second.assistantMessage);
    expect(await toldFor('/echo two')).toEqual(['user: /echo one', 'assistant: one', 'user: /echo two']);
  });

  it('starts a new root for null and follows a message that is named', async () => {
    const first = await caller().send('/echo chain 1');
    const conversationId = first.conversation.id;
    await caller().ended(first.assistantMessage);
    const second = await caller().send('/echo chain 2', { conversationId });
    await caller().ended(second.assistantMessage);

    const root = await caller().send('/echo chain root', { conversationId, parentId: null });
    expect(root.userMessage.parentId).toBeNull();
    await caller().ended(root.assistantMessage);
    expect(await toldFor('/echo chain root')).toEqual(['user: /echo chain root']);

    const edited = await caller().send('/echo chain 2b', {
      conversationId,
      parentId: first.assistantMessage.id,
    });
    expect(edited.userMessage.parentId).toBe(first.assistantMessage.id);
    await caller().ended(edited.assistantMessage);
    expect(await toldFor('/echo chain 2b')).toEqual([
      'user: /echo chain 1',
      'assistant: chain 1',
      'user: /echo chain 2b',
    ]);
    const { items } = await caller().call('messages', { conversationId });
    expect(items).toHaveLength(8);
    expect(items.find(({ id }) => id === second.userMessage.id)).toEqual(second.userMessage);
  });

  it('writes nothing under a parent that does not exist', async () => {
    const { conversation, assistantMessage } = await caller().send('/echo one');
    await caller().ended(assistantMessage);
    const items = storedItems(target());
    const before = await items.partition(PLAYGROUND, conversation.id);
    const fresh = randomUUID();
    for (const conversationId of [conversation.id, fresh]) {
      const input = { conversationId, clientMessageId: randomUUID(), text: '/echo lost', parentId: 'absent' };
      expect(codeOf(await caller().refusal('send', { input }))).toBe('NOT_FOUND');
    }
    expect(await items.partition(PLAYGROUND, conversation.id)).toEqual(before);
    expect(await items.partition(PLAYGROUND, fresh)).toEqual([]);
    expect(await modelRequests(target(), '/echo lost')).toEqual([]);
  });

  it('stores pacing and model', async () => {
    const model = target().stack.model.api.environment?.['MODELS'] ?? '';
    const { assistantMessage } = await caller().send('/echo paced', { pacing: 'LIVE', model });
    expect(assistantMessage.model).toBe(model);
    const stored = await storedItems(target()).get<AssistantMessageItem>(keyOf(PLAYGROUND, assistantMessage));
    expect(stored).toMatchObject({ pacing: 'LIVE', model });
  });

  it('moves lastMessageId forward only: a send that was first written earlier and finished later', async () => {
    const conversationId = randomUUID();
    const early = { conversationId, clientMessageId: randomUUID(), text: '/echo early' };
    const atMs = Date.now() - 5_000;
    const items = storedItems(target());
    await items.put(sendItems(PLAYGROUND, early, ulid(atMs), atMs).request);
    const late = await caller().send('/echo late', { conversationId });
    const finished = await caller().call('send', { input: early });
    expect(finished.deduplicated).toBe(true);
    expect(finished.conversation).toEqual(late.conversation);
    const conversation = await items.get<ConversationItem>(conversationKey(PLAYGROUND, conversationId));
    expect(conversation).toMatchObject({
      lastMessageId: late.assistantMessage.id,
      updatedAt: late.userMessage.createdAt,
    });
    expect((await caller().ended(finished.assistantMessage)).text).toBe('early');
  });
});

describe('regenerateMessage', () => {
  const regenerate = (conversationId: string, messageId: string) =>
    caller().call('regenerate', { input: { conversationId, messageId, clientMessageId: randomUUID() } });

  it('makes a sibling that the model is asked for with the same chain, and overwrites nothing', async () => {
    const first = await caller().send('/echo before');
    const conversationId = first.conversation.id;
    await caller().ended(first.assistantMessage);
    const asked = await caller().send('/echo again', { conversationId });
    await caller().ended(asked.assistantMessage);
    const told = await toldFor('/echo again');

    const anew = await regenerate(conversationId, asked.assistantMessage.id);
    expect(anew).toMatchObject({ deduplicated: false, userMessage: asked.userMessage });
    expect(anew.assistantMessage).toMatchObject({ parentId: asked.userMessage.id, status: 'PENDING' });
    expect(anew.assistantMessage.id).not.toBe(asked.assistantMessage.id);
    expect(anew.conversation.lastMessageId).toBe(anew.assistantMessage.id);
    await caller().ended(anew.assistantMessage);

    expect(await modelRequests(target(), '/echo again')).toHaveLength(2);
    expect(await toldFor('/echo again')).toEqual(told);
    expect(told).toEqual(['user: /echo before', 'assistant: before', 'user: /echo again']);
    const { items } = await caller().call('messages', { conversationId });
    const answers = items.filter(({ parentId }) => parentId === asked.userMessage.id);
    expect(answers.map(({ text }) => text)).toEqual(['again', 'again']);
  });

  it('refuses a user message, an absent one and an absent conversation', async () => {
    const { conversation, userMessage, assistantMessage } = await caller().send('/echo x');
    await caller().ended(assistantMessage);
    const refusal = async (conversationId: string, messageId: string) => {
      const input = { conversationId, messageId, clientMessageId: randomUUID() };
      return codeOf(await caller().refusal('regenerate', { input }));
    };
    expect(await refusal(conversation.id, userMessage.id)).toBe('INVALID_INPUT');
    expect(await refusal(conversation.id, 'absent')).toBe('NOT_FOUND');
    expect(await refusal(randomUUID(), assistantMessage.id)).toBe('NOT_FOUND');
    expect(await storedItems(target()).partition(PLAYGROUND, conversation.id)).toHaveLength(5);
  });
});

describe('messages', () => {
  /** A conversation of `count` sends that no worker answers. */
  async function conversationOf(count: number): Promise<string> {
    const first = await caller().send('/echo first');
    await caller().ended(first.assistantMessage);
    const conversationId = first.conversation.id;
    const items = storedItems(target());
    for (let index = 1; index < count; index += 1) {
      const atMs = Date.now() + index * 10;
      const input = { conversationId, clientMessageId: `k${index}`, text: `text ${index}`, parentId: null };
      const { user, assistant } = sendItems(PLAYGROUND, input, ulid(atMs), atMs);
      await items.put(user, {
        ...assistant,
        status: 'COMPLETE',
        text: `answer ${index}`,
      } as typeof assistant);
    }
    return conversationId;
  }

  it('come newest first, 50 unless asked otherwise, 100 at most, every page following the last', async () => {
    const conversationId = await conversationOf(60);
    const page = await caller().call('messages', { conversationId });
    expect(page.items).toHaveLength(50);
    expect(page.items[0]).toMatchObject({ role: 'ASSISTANT', text: 'answer 59' });
    expect(page.items[1]).toMatchObject({ role: 'USER', text: 'text 59' });

    const full = await caller().call('messages', { conversationId, limit: 100 });
    expect(full.items).toHaveLength(100);
    for (const limit of [100, 50, 33]) {
      const all: WireMessage[] = [];
      let nextToken: string | null = null;
      let pages = 0;
      do {
        const next: { items: WireMessage[]; nextToken: string | null } = await caller().call('messages', {
          conversationId,
          limit,
          nextToken,
        });
        expect(next.items.length).toBeLessThanOrEqual(limit);
        all.push(...next.items);
        nextToken = next.nextToken;
        pages += 1;
      } while (nextToken !== null && pages < 10);
      expect(all).toHaveLength(120);
      expect(all.map(({ id }) => id)).toEqual(
        all
          .map(({ id }) => id)
          .sort()
          .reverse(),
      );
      expect(new Set(all.map(({ id }) => id)).size).toBe(120);
    }
  });

  it('refuse forged, foreign and empty page tokens without a word about their cause', async () => {
    const first = await caller().send('/echo a');
    const second = await caller().send('/echo b', { conversationId: first.conversation.id });
    const other = await caller().send('/echo c');
    await caller().ended(second.assistantMessage);
    const { nextToken } = await caller().call('messages', {
      conversationId: first.conversation.id,
      limit: 1,
    });
    expect(nextToken).toEqual(expect.any(String));
    const tries = [
      { conversationId: first.conversation.id, nextToken: 'forged' },
      { conversationId: first.conversation.id, nextToken: '' },
      { conversationId: other.conversation.id, nextToken },
    ];
    for (const variables of tries)
      expect(codeOf(await caller().refusal('messages', variables))).toBe('INVALID_INPUT');
  });
});
