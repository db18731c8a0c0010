import { randomUUID } from 'node:crypto';
import { ulid } from 'ulid';
import { describe, expect, it } from 'vitest';
import type { AssistantMessageItem } from '../../protocol/items.ts';
import { callerOf, codeOf, modelRequests, ownerOfToken, type Caller, type MessageName } from './api.ts';
import { openFeed } from './realtime-client.ts';
import { keyOf, sendItems, storedItems, withProbe } from './stored-items.ts';
import { countedText, expectReceipt, sha256 } from './streamed-answer.ts';
import { useLocalTarget } from './target.ts';

const target = useLocalTarget(withProbe);

/** A signed-in user, by another token at every call. */
async function device(): Promise<{ caller: Caller; owner: string }> {
  const token = await target().token('alice');
  return { caller: callerOf(target(), { token }), owner: ownerOfToken(token) };
}

const cancel = (caller: Caller, { conversationId, id: messageId }: MessageName) =>
  caller.call('cancel', { conversationId, messageId });

/** An answer whose worker never starts. */
async function waitingAnswer(values: Partial<AssistantMessageItem> = {}): Promise<AssistantMessageItem> {
  const { caller, owner } = await device();
  const { conversation, assistantMessage } = await caller.send('/echo seed');
  await caller.ended(assistantMessage);
  const input = { conversationId: conversation.id, clientMessageId: randomUUID(), text: '/echo waiting' };
  const { request, user, assistant } = sendItems(owner, input, ulid(), Date.now());
  const waiting = { ...assistant, ...values };
  await storedItems(target()).put(request, user, waiting);
  return waiting;
}

describe('cancelMessage', () => {
  it('ends a PENDING answer at once, and settle publishes its END', async () => {
    const { caller } = await device();
    const waiting = await waitingAnswer();
    const feed = await openFeed(target(), caller.credential, { conversationId: waiting.conversationId });
    const cancelled = await cancel(caller, waiting);
    expect(cancelled).toMatchObject({ status: 'CANCELLED', text: '', attempt: 1 });
    expect(cancelled.end).toMatchObject({
      ...{ reason: 'CANCELLED', continuable: false, error: null },
      usage: { inputTokens: 0, outputTokens: 0, source: 'ESTIMATED' },
      cancel: { latencyMs: 0, tokensAfterCancel: 0 },
    });
    expectReceipt(cancelled.end, '');
    const end = await feed.end(waiting.id);
    expect(end).toMatchObject({ status: 'CANCELLED', attempt: 1, offset: 0 });
    expect(end.end).toMatchObject({ reason: 'CANCELLED', length: 0 });
    expect(await modelRequests(target(), '/echo waiting')).toEqual([]);
  });

  it('keeps what earlier attempts of a PENDING answer wrote', async () => {
    const { caller } = await device();
    const text = countedText(4);
    const waiting = await waitingAnswer({
      ...{ attempt: 3, text, resumeOffset: text.length, sha256: sha256(text) },
      ...{ reasoning: 'thought', resumeReasoningOffset: 7 },
      usage: { inputTokens: 5, outputTokens: 4, source: 'PROVIDER' },
    });
    const cancelled = await cancel(caller, waiting);
    expect(cancelled).toMatchObject({ status: 'CANCELLED', text, reasoning: 'thought', attempt: 3 });
    expect(cancelled.end).toMatchObject({
      reasoningLength: 7,
      usage: { inputTokens: 5, source: 'PROVIDER' },
    });
    expectReceipt(cancelled.end, text);
    expect((await caller.ended(cancelled)).text).toBe(text);
  });

  it('stops a STREAMING answer from another device: END, the partial text, no further tokens', async () => {
    const prompt = `/tokens 2000 50`;
    const writer = await device();
    const other = await device();
    const conversationId = randomUUID();
    const feed = await openFeed(target(), writer.caller.credential, { conversationId });
    const { assistantMessage } = await writer.caller.send(prompt, { conversationId });
    await feed.batches.when((all) => all.filter(({ kind }) => kind === 'DELTA').length >= 3, 'three batches');

    const askedAt = Date.now();
    const flagged = await cancel(other.caller, assistantMessage);
    expect(flagged).toMatchObject({ id: assistantMessage.id, status: 'STREAMING', end: null });
    const again = await cancel(other.caller, assistantMessage);
    expect(['STREAMING', 'CANCELLED']).toContain(again.status);
    const end = await feed.end(assistantMessage.id);

    const [asked] = await modelRequests(target(), prompt);
    expect(asked).toMatchObject({ outcome: 'aborted' });
    // Seen within 500 ms; the rest is what a busy machine takes for the look and the abort.
    expect((asked?.endedAtMs ?? Infinity) - askedAt).toBeLessThan(1_000);
    expect(asked?.tokensSent).toBeLessThan(200);

    const seen = feed.batches.items.map(({ text }) => text).join('');
    const state = await other.caller.ended(assistantMessage);
    expect(state).toMatchObject({ status: 'CANCELLED', more: false });
    expect(state.text.startsWith(seen)).toBe(true);
    expect(seen.length).toBeGreaterThan(0);
    expect(countedText(2000).startsWith(state.text)).toBe(true);
    expect(end).toMatchObject({ status: 'CANCELLED', end: { reason: 'CANCELLED', continuable: false } });
    expect(end.end?.usage).toMatchObject({ source: 'ESTIMATED' });
    expect(end.end?.usage?.outputTokens).toBeGreaterThan(0);
    expectReceipt(end.end, state.text);
    const receipt = end.end?.cancel;
    // The flag keeps the first request's time, in whole milliseconds like the clock here.
    expect(Date.parse(receipt?.requestedAt ?? '')).toBeGreaterThanOrEqual(askedAt);
    expect(receipt?.latencyMs).toBeLessThan(1_000);
    // At most what 50 short words a second are in that time, as estimated.
    expect(receipt?.tokensAfterCancel).toBeLessThan(100);

    const after = await cancel(writer.caller, assistantMessage);
    expect(after).toMatchObject({ status: 'CANCELLED', text: state.text, end: { cancel: receipt } });
    expectReceipt(after.end, state.text);
    expect(feed.batches.items.filter(({ kind }) => kind === 'END')).toHaveLength(1);
  });

  it('leaves a complete answer and a user message as they are', async () => {
    const { caller, owner } = await device();
    const { userMessage, assistantMessage } = await caller.send('/echo done');
    await caller.ended(assistantMessage);
    const items = storedItems(target());
    const before = await items.partition(owner, assistantMessage.conversationId);
    expect(await cancel(caller, assistantMessage)).toMatchObject({ status: 'COMPLETE', text: 'done' });
    expect(await cancel(caller, userMessage)).toEqual(userMessage);
    expect(await items.partition(owner, assistantMessage.conversationId)).toEqual(before);
  });

  it('keeps the first request in a flagged answer', async () => {
    const { caller, owner } = await device();
    const waiting = await waitingAnswer({ status: 'STREAMING', claimId: 'elsewhere:1' });
    const items = storedItems(target());
    const key = keyOf(owner, waiting);
    await cancel(caller, waiting);
    const flagged = await items.get<AssistantMessageItem>(key);
    expect(flagged?.cancelRequestedAt).toEqual(expect.any(String));
    await cancel(caller, waiting);
    expect(await items.get<AssistantMessageItem>(key)).toEqual(flagged);
  });

  it('ends a flagged answer whose worker died as CANCELLED, not as LOST', async () => {
    const { caller } = await device();
    const waiting = await waitingAnswer({
      ...{ status: 'STREAMING', claimId: 'dead:1', leaseUntil: Date.now() - 3_500 },
    });
    await cancel(caller, waiting);
    const state = await caller.ended(waiting);
    expect(state).toMatchObject({ status: 'CANCELLED', text: '', end: { reason: 'CANCELLED' } });
  });

  it('is NOT_FOUND for what does not exist', async () => {
    const { caller } = await device();
    const { conversation, assistantMessage } = await caller.send('/echo x');
    for (const variables of [
      { conversationId: conversation.id, messageId: 'absent' },
      { conversationId: 'absent', messageId: assistantMessage.id },
    ])
      expect(codeOf(await caller.refusal('cancel', variables))).toBe('NOT_FOUND');
  });
});
