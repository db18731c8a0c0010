import { randomUUID } from 'node:crypto';
import { ulid } from 'ulid';
import { describe, expect, it } from 'vitest';
import { CONTINUE_INSTRUCTION } from '../../protocol/continue-instruction.ts';
import type { AssistantMessageItem, TextItem } from '../../protocol/items.ts';
import { textSlot } from '../../protocol/keys.ts';
import { callerOf, codeOf, PLAYGROUND, type MessageName, type WireState } from './api.ts';
import type { WireMessage } from './graphql.ts';
import { openFeed } from './realtime-client.ts';
import { keyOf, sendItems, storedItems, withProbe } from './stored-items.ts';
import { countedText, expectReceipt, sha256 } from './streamed-answer.ts';
import { useLocalTarget } from './target.ts';

const target = useLocalTarget(withProbe);
const caller = () => callerOf(target(), { apiKey: target().apiKey });

/** An answer that was interrupted after `text`, as settle leaves it; a long text is in text items. */
async function interrupted(
  prompt: string,
  text: string,
  values: Partial<AssistantMessageItem> = {},
): Promise<AssistantMessageItem> {
  const { conversation, assistantMessage } = await caller().send('/echo seed');
  await caller().ended(assistantMessage);
  const input = { conversationId: conversation.id, clientMessageId: randomUUID(), text: prompt };
  const { request, user, assistant } = sendItems(PLAYGROUND, input, ulid(), Date.now());
  const end = {
    ...{ reason: 'LOST', length: text.length, sha256: sha256(text), reasoningLength: 0, continuable: true },
    ...{ usage: null, timing: null, transport: null, error: null, model: null },
  };
  const isLong = text.length > 32_768;
  const message = {
    ...assistant,
    ...{ status: 'INTERRUPTED', text: text.slice(0, 32_768), end, claimId: 'dead:1' },
    ...(isLong ? { textAttempt: 1 } : {}),
    ...values,
  } as AssistantMessageItem;
  const pieces = isLong ? [text.slice(0, 30_000), text.slice(30_000)] : [];
  const textItems = pieces.map((piece, index): TextItem => ({
    ...{ pk: message.pk, sk: textSlot(message.id, 1, 'TEXT', index * 30_000) },
    ...{ messageId: message.id, offset: index * 30_000, text: piece },
  }));
  await storedItems(target()).put(request, user, ...textItems, message);
  return message;
}

const named = ({ conversationId, id }: MessageName) => ({ conversationId, messageId: id });
const goOn = (message: MessageName) => caller().call('continue', named(message));
const state = (message: MessageName, fromOffset = 0) =>
  caller().call('state', { ...named(message), fromOffset });

/** The model's requests that continue an answer to this prompt. */
async function continuations(prompt: string) {
  const answer = await fetch(`${target().stack.offlineModelUrl}/local-journal`);
  const { requests } = (await answer.json()) as {
    requests: { body: { messages: { role: string; content: string }[] } }[];
  };
  return requests
    .map(({ body }) => body.messages)
    .filter((messages) => messages.some(({ content }) => content === prompt))
    .filter((messages) => messages.at(-1)?.content === CONTINUE_INSTRUCTION);
}

/** Whole text over as many pages as it takes. */
async function wholeText(message: MessageName): Promise<string> {
  let text = '';
  for (let pages = 0; pages < 10; pages += 1) {
    const page = await state(message, text.length);
    text += page.text;
    if (!page.more) return text;
  }
  throw new Error('More than ten pages');
}

describe('continueMessage', () => {
  it('goes on after the stored text in a new attempt, which ends in the exact whole', async () => {
    const prompt = '/tokens 61 100';
    const text = countedText(20);
    const message = await interrupted(prompt, text);
    const feed = await openFeed(target(), caller().credential, { conversationId: message.conversationId });
    const started = await goOn(message);
    expect(started).toMatchObject({ id: message.id, status: 'PENDING', attempt: 2, text, end: null });

    const running: WireState = await caller().until(started, ({ status }) => status === 'STREAMING');
    expect(running).toMatchObject({ attempt: 2, resumeOffset: text.length, end: null });
    const repeat: WireMessage = await goOn(message);
    expect(repeat).toMatchObject({ id: message.id, attempt: 2, text, end: null });

    const end = await feed.end(message.id);
    expect(end).toMatchObject({ attempt: 2, status: 'COMPLETE', resumeOffset: text.length });
    expectReceipt(end.end, countedText(61));
    expect(await state(message)).toMatchObject({
      text: countedText(61),
      attempt: 2,
      resumeOffset: text.length,
    });
    const batches = feed.batches.items.filter(({ kind }) => kind !== 'HEARTBEAT');
    expect(batches[0]).toMatchObject({ kind: 'START', seq: 0, offset: text.length });
    expect(text + batches.map((batch) => batch.text).join('')).toBe(countedText(61));
    const asked = await continuations(prompt);
    expect(asked).toHaveLength(1);
    expect(asked[0]?.slice(-3)).toEqual([
      { role: 'user', content: prompt },
      { role: 'assistant', content: text },
      { role: 'user', content: CONTINUE_INSTRUCTION },
    ]);
  });

  it('starts one attempt for ten requests at once', async () => {
    const prompt = '/tokens 31 20';
    const message = await interrupted(prompt, countedText(3));
    const answers = await Promise.all(Array.from({ length: 10 }, () => goOn(message)));
    expect(new Set(answers.map(({ attempt }) => attempt))).toEqual(new Set([2]));
    const ended = await caller().ended(answers[0] as WireMessage);
    expect(ended).toMatchObject({ status: 'COMPLETE', attempt: 2, text: countedText(31) });
    expect(await continuations(prompt)).toHaveLength(1);
  });

  it('keeps a text that is longer than the message item', async () => {
    const text = countedText(7_000);
    expect(text.length).toBeGreaterThan(32_768);
    const message = await interrupted('/tokens 7500', text);
    const started = await goOn(message);
    await caller().ended(started);
    expect(await wholeText(message)).toBe(countedText(7_500));
    expectReceipt((await storedItems(target()).get<AssistantMessageItem>(message))?.end, countedText(7_500));
  });

  it('keeps reasoning and adds up usage', async () => {
    const text = countedText(2);
    const usage = { inputTokens: 1_000, outputTokens: 500, source: 'PROVIDER' };
    const values = { reasoning: 'thought' } as Partial<AssistantMessageItem>;
    const message = await interrupted('/tokens 5', text, values);
    const end = { ...message.end, reasoningLength: 7, usage } as AssistantMessageItem['end'];
    await storedItems(target()).change<AssistantMessageItem>(message, { end });
    await caller().ended(await goOn(message));
    const ended = await state(message);
    expect(ended).toMatchObject({ text: countedText(5), reasoning: 'thought', resumeReasoningOffset: 7 });
    expect(ended.end).toMatchObject({ reasoningLength: 7 });
    const stored = await storedItems(target()).get<AssistantMessageItem>(message);
    expect(stored?.end?.usage?.inputTokens).toBeGreaterThan(1_000);
    expect(stored?.end?.usage?.outputTokens).toBeGreaterThan(500);
  });

  it('invokes again when the first invocation was lost', async () => {
    const text = countedText(4);
    const message = await interrupted('/tokens 8', text, {
      ...{ status: 'PENDING', attempt: 2, end: null, resumeOffset: text.length, sha256: sha256(text) },
      ...{ invokedAt: Date.now() - 2_001, claimId: null },
    });
    expect(await goOn(message)).toMatchObject({ attempt: 2, status: 'PENDING' });
    const ended = await caller().until(message, ({ status }) => status === 'COMPLETE');
    expect(ended).toMatchObject({ attempt: 2, text: countedText(8) });
  });

  it('forgets a cancel of the attempt that was interrupted', async () => {
    const message = await interrupted('/tokens 6', countedText(2), {
      cancelRequestedAt: '2026-01-01T00:00:00Z',
    });
    expect(await caller().ended(await goOn(message))).toMatchObject({
      status: 'COMPLETE',
      text: countedText(6),
    });
  });

  it('is CONFLICT for everything else', async () => {
    const refused = async (message: MessageName) =>
      codeOf(await caller().refusal('continue', named(message)));
    const done = await caller().send('/echo done');
    await caller().ended(done.assistantMessage);
    expect(await refused(done.assistantMessage)).toBe('CONFLICT');
    expect(await refused(done.userMessage)).toBe('CONFLICT');
    for (const status of ['CANCELLED', 'FAILED', 'COMPLETE', 'PENDING', 'STREAMING'] as const)
      expect(await refused(await interrupted('/tokens 3', 'w1', { status }))).toBe('CONFLICT');
    const final = await interrupted('/tokens 3', 'w1');
    const end = { ...final.end, continuable: false } as AssistantMessageItem['end'];
    await storedItems(target()).change<AssistantMessageItem>(keyOf(PLAYGROUND, final), { end });
    expect(await refused(final)).toBe('CONFLICT');
  });

  it('is NOT_FOUND for what does not exist', async () => {
    const { assistantMessage } = await caller().send('/echo x');
    for (const absent of [
      { conversationId: assistantMessage.conversationId, id: 'absent' },
      { conversationId: 'absent', id: assistantMessage.id },
    ])
      expect(codeOf(await caller().refusal('continue', named(absent)))).toBe('NOT_FOUND');
  });
});
