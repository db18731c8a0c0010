import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MAX_INLINE_TEXT_BYTES, MAX_TEXT_ITEM_UNITS } from '../../protocol/limits.ts';
import { utf8Bytes } from '../../protocol/token-batch.ts';
import { callerOf, PLAYGROUND, type WireState } from './api.ts';
import { messageWith, recordedConversation } from './client-conversation.ts';
import { readSse, startCurl } from './curl-request.ts';
import { longText, useLongAnswerModel } from './long-answer-model.ts';
import { storedItems, withProbe } from './stored-items.ts';
import { expectReceipt, sha256, storedMessage } from './streamed-answer.ts';
import { startTarget, type LocalTarget } from './target.ts';

const WHOLE = longText(1_000_000);

const model = useLongAnswerModel(WHOLE);
let started: LocalTarget | undefined;
// Hooks run in the order they are given: the model listens by now.
beforeAll(async () => {
  started = await startTarget({
    ...withProbe,
    functionEnvironment: { OPENAI_BASE_URL: model().baseUrl, MAX_INPUT_TOKENS: '1000000' },
  });
});
afterAll(() => started?.stack.close());
const target = (): LocalTarget => {
  if (!started) throw new Error('The local stack has not started');
  return started;
};
const credential = () => ({ apiKey: target().apiKey });

/** The text as `messageState` gives it, page by page, with the number of pages. */
async function pagedText(conversationId: string, messageId: string) {
  const caller = callerOf(target(), credential());
  let text = '';
  for (let pages = 1; pages <= 40; pages += 1) {
    const page: WireState = await caller.call('state', {
      ...{ conversationId, messageId },
      fromOffset: text.length,
    });
    expect(page.offset).toBe(text.length);
    expect(page.end === null).toBe(page.more);
    text += page.text;
    if (!page.more) return { text, pages, end: page.end };
  }
  throw new Error('More than 40 pages');
}

const isWhole = (text: string) => text === WHOLE;

// Megabytes through every part: a busy machine takes its time.
describe('an answer of 1 MB', { timeout: 150_000 }, () => {
  it('streams, stores, loads and hashes right for every reader, and is read again as history', async () => {
    const { conversation, isPrefixOf } = recordedConversation(target());
    const clientMessageId = randomUUID();
    const { messageId, ended } = await conversation.send({ text: 'all', clientMessageId });
    const message = await ended;

    expect(message.status).toBe('COMPLETE');
    expect(isWhole(message.text)).toBe(true);
    expectReceipt(message.end, WHOLE);
    expect(isPrefixOf(messageId, WHOLE)).toBe(true);

    // The item holds the beginning, text items the whole.
    const listed = await storedMessage(target(), credential(), conversation.id, messageId);
    expect(utf8Bytes(listed.text)).toBeLessThanOrEqual(MAX_INLINE_TEXT_BYTES);
    expect(WHOLE.startsWith(listed.text)).toBe(true);
    expect(listed.end?.length).toBe(WHOLE.length);
    const items = await storedItems(target()).partition(PLAYGROUND, conversation.id);
    const pieces = items.filter(({ sk }) => sk.startsWith(`T#${messageId}`)) as unknown as { text: string }[];
    expect(pieces.length).toBeGreaterThanOrEqual(WHOLE.length / MAX_TEXT_ITEM_UNITS);
    expect(isWhole(pieces.map((piece) => piece.text).join(''))).toBe(true);

    const paged = await pagedText(conversation.id, messageId);
    expect(paged.pages).toBeGreaterThan(2);
    expect(isWhole(paged.text)).toBe(true);
    expectReceipt(paged.end, WHOLE);

    const later = recordedConversation(target(), undefined, conversation.id);
    const loaded = await messageWith(later.conversation, messageId, ({ end }) => end !== null, 'end');
    expect(isWhole(loaded.text)).toBe(true);

    const words = ['-H', `x-api-key: ${target().apiKey}`, '-H', 'content-type: application/json'];
    const body = JSON.stringify({ text: 'all', conversationId: conversation.id, clientMessageId });
    const replay = await startCurl(`${target().httpUrl}/chat`, ...words, '-d', body).finished;
    const events = readSse(replay.body);
    expect(isWhole(events.map(({ batch }) => batch.text).join(''))).toBe(true);
    expect(events.at(-1)?.batch.end?.sha256).toBe(sha256(WHOLE));

    const next = await (await conversation.send({ text: 'short' })).ended;
    expect(next.status).toBe('COMPLETE');
    expect(model().requests.at(-1)?.slice(-3)).toEqual([
      { role: 'user', sha256: sha256('all') },
      { role: 'assistant', sha256: sha256(WHOLE) },
      { role: 'user', sha256: sha256('short') },
    ]);
  });

  it('is continued to the exact text after its worker died', async () => {
    const { conversation, isPrefixOf } = recordedConversation(target());
    const { messageId, ended } = await conversation.send({ text: 'half' });
    await messageWith(conversation, messageId, ({ text }) => text.length > WHOLE.length / 8, 'an eighth');
    const killed = target().stack.lambda.killWorker(
      ({ event }) => (event as { messageId?: string }).messageId === messageId,
    );
    expect(killed).toBe(1);
    const interrupted = await ended;
    expect(interrupted).toMatchObject({ status: 'INTERRUPTED', end: { reason: 'LOST' } });
    expect(WHOLE.startsWith(interrupted.text)).toBe(true);
    expectReceipt(interrupted.end, interrupted.text);
    expect(utf8Bytes(interrupted.text)).toBeGreaterThan(MAX_INLINE_TEXT_BYTES);

    const message = await (await conversation.continue(messageId)).ended;
    expect(message).toMatchObject({ status: 'COMPLETE', attempt: 2 });
    expect(isWhole(message.text)).toBe(true);
    expectReceipt(message.end, WHOLE);
    expect(isPrefixOf(messageId, WHOLE)).toBe(true);
    expect(isWhole((await pagedText(conversation.id, messageId)).text)).toBe(true);
    expect(model().requests.at(-1)?.at(-2)).toEqual({
      role: 'assistant',
      sha256: sha256(interrupted.text),
    });
  });
});
