import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { freePorts } from '../../bench/free-ports.ts';
import { isChatError, type ChatMessage } from '../../client/index.ts';
import type { AssistantMessageItem } from '../../protocol/items.ts';
import { PLAYGROUND } from './api.ts';
import { chatClient, messageWith, recordedConversation } from './client-conversation.ts';
import { keyOf, storedItems, withProbe } from './stored-items.ts';
import { countedText } from './streamed-answer.ts';
import { startTarget, useLocalTarget } from './target.ts';

const target = useLocalTarget();
const hasText = (message: ChatMessage) => message.text.length > 20;
const hasEnd = (message: ChatMessage) => message.end !== null;

/** Cuts every socket until a condition shows that it was felt. */
async function cutSockets(isFelt: () => boolean): Promise<void> {
  const url = target().graphqlUrl.replace('/graphql', '/local/faults');
  await fetch(url, { method: 'PUT', body: JSON.stringify({ cutSocketsEveryMs: 50 }) });
  await expect.poll(isFelt).toBe(true);
  await fetch(url, { method: 'DELETE' });
}

describe('a session', () => {
  it('gets another token when one expires mid-answer, and loses no text', async () => {
    const given: string[] = [];
    const short = await target().stack.token('alice', 2);
    const issuedAt = Date.now();
    const getToken = async (refused?: string) => {
      const isOver = refused === short || Date.now() - issuedAt > 3_000;
      const token = isOver ? await target().token('alice') : short;
      given.push(token);
      return token;
    };
    const { conversation, isPrefixOf } = recordedConversation(target(), { type: 'token', getToken });
    const { messageId, ended } = await conversation.send({ text: '/tokens 300 50' });
    await messageWith(conversation, messageId, hasText, 'text');
    await expect.poll(() => Date.now() - issuedAt, { timeout: 5_000 }).toBeGreaterThan(2_100);

    // The socket is authorized once: only a reconnect meets the expired token.
    await cutSockets(() => conversation.getSnapshot().connection === 'reconnecting');
    const message = await ended;

    expect(message).toMatchObject({ status: 'COMPLETE', text: countedText(300) });
    expect(isPrefixOf(messageId, countedText(300))).toBe(true);
    expect(given[0]).toBe(short);
    expect(given.at(-1)).not.toBe(short);
  });

  it('asks for the token once more when a request is refused, and says which was', async () => {
    const expired = await target().stack.token('alice', -60);
    const refused: (string | undefined)[] = [];
    const getToken = async (token?: string) => {
      refused.push(token);
      return token === expired ? await target().token('alice') : expired;
    };

    const page = await chatClient(target(), { type: 'token', getToken }).conversations();

    expect(page.items).toBeInstanceOf(Array);
    expect(refused).toEqual([undefined, expired]);
  });

  it('shows UNAUTHENTICATED while the token is wrong, and connects with the first right one', async () => {
    let token = 'wrong';
    const { conversation } = recordedConversation(target(), {
      type: 'token',
      getToken: () => Promise.resolve(token),
    });
    await expect.poll(() => conversation.getSnapshot().error?.code).toBe('UNAUTHENTICATED');
    await expect(conversation.send({ text: 'hello' })).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(conversation.getSnapshot()).toMatchObject({ messages: [] });
    expect(conversation.getSnapshot().connection).not.toBe('live');

    token = await target().token('alice');

    await expect.poll(() => conversation.getSnapshot().connection, { timeout: 20_000 }).toBe('live');
    expect(conversation.getSnapshot().error).toBeUndefined();
    expect((await (await conversation.send({ text: '/echo in' })).ended).text).toBe('in');
  });

  it.each([
    ['an empty text', { text: '' }, 'INVALID_INPUT'],
    ['white space', { text: ' \n' }, 'INVALID_INPUT'],
    ['an over-long text', { text: 'x'.repeat(32_001) }, 'INVALID_INPUT'],
    ['an id with other characters', { text: 'hello', clientMessageId: 'a b' }, 'INVALID_INPUT'],
    ['an unknown parent', { text: 'hello', parentId: randomUUID() }, 'NOT_FOUND'],
    ['an unknown model', { text: 'hello', model: 'nobody' }, 'MODEL_NOT_ALLOWED'],
  ])('refuses %s with its code and shows nothing of it', async (_what, options, code) => {
    const { conversation } = recordedConversation(target());

    const refusal: unknown = await conversation.send(options).catch((error: unknown) => error);

    expect(isChatError(refusal)).toBe(true);
    expect(refusal).toMatchObject({ code, retryable: false });
    expect(conversation.getSnapshot().messages).toEqual([]);
  });

  it('refuses other input under a clientMessageId, and every action on an unknown message', async () => {
    const { chat, conversation } = recordedConversation(target());
    const clientMessageId = randomUUID();
    const first = await conversation.send({ text: '/echo one', clientMessageId });
    const again = await conversation.send({ text: '/echo one', clientMessageId });
    expect(again.messageId).toBe(first.messageId);
    expect((await again.ended).text).toBe('one');

    await expect(conversation.send({ text: '/echo two', clientMessageId })).rejects.toMatchObject({
      code: 'CONFLICT',
    });
    for (const action of [conversation.cancel, conversation.regenerate, conversation.continue])
      await expect(action(randomUUID())).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(chat.renameConversation(randomUUID(), 'x')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(chat.renameConversation(conversation.id, '')).rejects.toMatchObject({
      code: 'INVALID_INPUT',
    });
    expect(conversation.getSnapshot().messages).toHaveLength(2);
  });

  it('is empty and live for a conversation that does not exist', async () => {
    const { conversation } = recordedConversation(target(), { type: 'token' });

    await expect.poll(() => conversation.getSnapshot().connection).toBe('live');

    expect(conversation.getSnapshot()).toMatchObject({ messages: [], hasMore: false, error: undefined });
  });
});

describe('a service that goes away', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'appsync-chat-client-'));

  it('is met again after a restart mid-answer: text kept, what was sent meanwhile delivered once', async () => {
    const apiPort = await freePorts();
    const ports = { apiPort, httpPort: apiPort + 1 };
    const options = { ...withProbe, dataDir, ...ports };
    let service = await startTarget(options);
    onTestFinished(async () => {
      await service.stack.close();
      rmSync(dataDir, { recursive: true, force: true });
    });
    const { conversation, states, isPrefixOf } = recordedConversation(service);
    const { messageId, ended } = await conversation.send({ text: '/tokens 300 50' });
    const before = await messageWith(conversation, messageId, hasText, 'text');

    await service.stack.close();
    const sent = conversation.send({ text: '/echo while away' });
    await expect.poll(() => conversation.getSnapshot().connection, { timeout: 20_000 }).toBe('offline');
    expect(conversation.getSnapshot().error?.code).toBe('NETWORK');
    expect(conversation.getSnapshot().messages.find(({ id }) => id === messageId)?.text).toContain(
      before.text,
    );
    expect(conversation.getSnapshot().messages.at(-1)).toMatchObject({ pending: true });
    service = await startTarget(options);
    // The worker died with the service; whoever asks once its lease is past ends the answer for it.
    const item = keyOf(PLAYGROUND, { conversationId: conversation.id, id: messageId });
    await storedItems(service).change<AssistantMessageItem>(item, { leaseUntil: Date.now() - 3_500 });

    await expect.poll(() => conversation.getSnapshot().connection, { timeout: 20_000 }).toBe('live');
    const answer = await sent;
    expect((await answer.ended).text).toBe('while away');
    const message = await ended;
    expect(message).toMatchObject({ status: 'INTERRUPTED', end: { error: { code: 'LOST' } } });
    expect(message.text.startsWith(before.text)).toBe(true);
    expect(isPrefixOf(messageId, countedText(300))).toBe(true);
    expect(states.at(-1)?.messages.filter(({ text }) => text === '/echo while away')).toHaveLength(1);

    const whole = await (await conversation.continue(messageId)).ended;
    expect(whole).toMatchObject({ status: 'COMPLETE', text: countedText(300) });
  }, 90_000);

  it('is waited for when it is down at page load', async () => {
    const apiPort = await freePorts();
    let service = await startTarget({ apiPort });
    await service.stack.close();
    const { conversation } = recordedConversation(service);
    await expect.poll(() => conversation.getSnapshot().connection, { timeout: 20_000 }).toBe('offline');

    service = await startTarget({ apiPort });
    onTestFinished(() => service.stack.close());

    await expect.poll(() => conversation.getSnapshot().connection, { timeout: 20_000 }).toBe('live');
    const { messageId } = await conversation.send({ text: '/echo at last' });
    expect((await messageWith(conversation, messageId, hasEnd, 'end')).text).toBe('at last');
  });
});
