import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { InvocationReport } from '../../local/lambda/index.ts';
import type { ConversationItem } from '../../protocol/items.ts';
import { conversationKey, type Key } from '../../protocol/keys.ts';
import { callerOf, codeOf, modelRequests, PLAYGROUND } from './api.ts';
import { openFeed } from './realtime-client.ts';
import { logOf, putAnswer, textItemsOf } from './stored-answers.ts';
import { storedItems, withProbe } from './stored-items.ts';
import { useLocalTarget } from './target.ts';

const ended: InvocationReport[] = [];
const target = useLocalTarget({
  ...withProbe,
  functionEnvironment: { SECOND_PASS_MS: '1500' },
  report: (report) => ended.push(report),
});
const caller = () => callerOf(target(), { apiKey: target().apiKey });
const partition = (id: string) => storedItems(target()).partition(PLAYGROUND, id);
const onlyTombstone = [{ sk: 'C' }];

/** Resolves when the conversation holds nothing but its tombstone. */
async function purged(id: string): Promise<Key[]> {
  await expect.poll(async () => (await partition(id)).length, { timeout: 15_000 }).toBe(1);
  return partition(id);
}

/** Ended purges of a conversation: an invocation ends after its second pass. */
const purges = (id: string) =>
  ended.filter(
    ({ event }) =>
      (event as { conversationId?: string }).conversationId === id && !('messageId' in (event as object)),
  );

describe('deleteConversation', () => {
  it('hides the conversation at once, everywhere and for good', async () => {
    const { conversation, assistantMessage } = await caller().send('/echo secret');
    await caller().ended(assistantMessage);
    const { id } = conversation;
    const messageId = assistantMessage.id;
    expect(await caller().call('delete', { id })).toBe(id);

    const clientMessageId = randomUUID();
    const input = { conversationId: id, clientMessageId, text: '/echo after' };
    const refusals = [
      await caller().refusal('conversation', { id }),
      await caller().refusal('messages', { conversationId: id }),
      await caller().refusal('state', { conversationId: id, messageId }),
      await caller().refusal('send', { input }),
      await caller().refusal('send', { input: { ...input, parentId: null } }),
      await caller().refusal('regenerate', { input: { conversationId: id, clientMessageId, messageId } }),
      await caller().refusal('cancel', { conversationId: id, messageId }),
      await caller().refusal('continue', { conversationId: id, messageId }),
      await caller().refusal('rename', { id, title: 'T' }),
    ];
    expect(refusals.map(codeOf)).toEqual(refusals.map(() => 'NOT_FOUND'));
    const { items } = await caller().call('conversations', { limit: 100 });
    expect(items.map((item) => item.id)).not.toContain(id);

    const http = await fetch(`${target().httpUrl}/chat`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-api-key': target().apiKey },
      body: JSON.stringify(input),
    });
    expect(http.status).toBe(404);
    await http.text();
    expect(await purged(id)).toMatchObject(onlyTombstone);
    expect(await modelRequests(target(), '/echo after')).toEqual([]);
  });

  it('answers a repeat with the id, keeps the first date and purges again', async () => {
    const { conversation, assistantMessage } = await caller().send('/echo twice');
    await caller().ended(assistantMessage);
    const { id } = conversation;
    const key = conversationKey(PLAYGROUND, id);
    await caller().call('delete', { id });
    const first = await storedItems(target()).get<ConversationItem>(key);
    expect(first?.deletedAt).toEqual(expect.any(String));
    expect(await caller().call('delete', { id })).toBe(id);
    expect(await storedItems(target()).get<ConversationItem>(key)).toEqual(first);
    await expect.poll(() => purges(id).length, { timeout: 15_000 }).toBe(2);
  });

  it('is NOT_FOUND for a conversation that never was, and leaves no tombstone', async () => {
    const id = randomUUID();
    expect(codeOf(await caller().refusal('delete', { id }))).toBe('NOT_FOUND');
    expect(await partition(id)).toEqual([]);
  });

  it('removes messages, log, long texts and request items, and no other conversation', async () => {
    const items = storedItems(target());
    const [gone, kept] = [await putAnswer(items, {}), await putAnswer(items, {})];
    for (const message of [gone, kept]) {
      const words = Array.from({ length: 60 }, (_, index) => ({
        part: 'TEXT' as const,
        text: `word ${index} `,
      }));
      await items.put(...logOf(message, words, true), ...textItemsOf(message, 'TEXT', 'x'.repeat(140_000)));
    }
    const before = await partition(kept.conversationId);
    expect(before.length).toBeGreaterThan(60);
    await caller().call('delete', { id: gone.conversationId });
    const left = await purged(gone.conversationId);
    expect(left).toMatchObject(onlyTombstone);
    expect(left[0]).not.toHaveProperty('title');
    expect(await partition(kept.conversationId)).toEqual(before);
  });

  it('passes a second time over what was written meanwhile', async () => {
    const items = storedItems(target());
    const message = await putAnswer(items, {});
    await caller().call('delete', { id: message.conversationId });
    await purged(message.conversationId);
    await items.put(message, ...logOf(message, [{ part: 'TEXT', text: 'late' }]));
    expect(purges(message.conversationId)).toEqual([]);
    await purged(message.conversationId);
    await expect.poll(() => purges(message.conversationId).length, { timeout: 10_000 }).toBe(1);
    expect(await partition(message.conversationId)).toMatchObject(onlyTombstone);
  });

  it('stops a running answer without an END', async () => {
    const prompt = '/tokens 2000 50';
    const conversationId = randomUUID();
    const feed = await openFeed(target(), caller().credential, { conversationId });
    const { assistantMessage } = await caller().send(prompt, { conversationId });
    await feed.batches.when((all) => all.filter(({ kind }) => kind === 'DELTA').length >= 2, 'two batches');
    await caller().call('delete', { id: conversationId });
    await expect
      .poll(async () => (await modelRequests(target(), prompt))[0]?.outcome, { timeout: 10_000 })
      .toBe('aborted');
    const isItsRun = ({ event }: InvocationReport) =>
      (event as { messageId?: string }).messageId === assistantMessage.id;
    await expect.poll(() => ended.filter(isItsRun).length, { timeout: 10_000 }).toBe(1);
    await expect.poll(() => purges(conversationId).length, { timeout: 10_000 }).toBe(1);
    expect(await partition(conversationId)).toMatchObject(onlyTombstone);
    expect(feed.batches.items.filter(({ kind }) => kind === 'END')).toEqual([]);
    expect((await modelRequests(target(), prompt))[0]?.tokensSent).toBeLessThan(200);
  });

  it('ends an answer that is claimed only afterwards', async () => {
    const { conversation, assistantMessage } = await caller().send('/echo race');
    await caller().call('delete', { id: conversation.id });
    await expect.poll(() => purges(conversation.id).length, { timeout: 10_000 }).toBe(1);
    expect(await partition(conversation.id)).toMatchObject(onlyTombstone);
    const refusal = await caller().refusal('state', {
      conversationId: conversation.id,
      messageId: assistantMessage.id,
    });
    expect(codeOf(refusal)).toBe('NOT_FOUND');
  });
});
