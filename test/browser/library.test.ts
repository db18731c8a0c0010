import { randomUUID } from 'node:crypto';
import type { Page } from 'playwright-core';
import { afterEach, expect, it, vi } from 'vitest';
import { NO_FAULTS } from '../../local/faults/index.ts';
import { DOCUMENTS } from '../contract/graphql.ts';
import {
  countedText,
  expectGapless,
  expectReceipt,
  sendText,
  storedMessage,
} from '../contract/streamed-answer.ts';
import { useLocalTarget } from '../contract/target.ts';
import { describeInChromium, INSECURE_HOST, useBrowser } from './chromium.ts';
import { useFixturePage } from './fixture-page.ts';
import type {} from './fixtures/library.ts';

/** What Chromium itself prints about a service it cannot reach. */
const UNREACHABLE = [/^Failed to load resource: net::ERR_/, /^WebSocket connection to '.*' failed/];

describeInChromium('the client library in Chromium', () => {
  const target = useLocalTarget();
  const fixture = useFixturePage('library');
  const openContext = useBrowser();
  const service = () => ({ endpoint: target().graphqlUrl, apiKey: target().apiKey });

  afterEach(() => target().stack.appSync.setFaults(NO_FAULTS));

  /** Opens a conversation of its own in the library, and waits until it is live. */
  async function openConversation(page: Page): Promise<string> {
    const conversationId = randomUUID();
    await page.evaluate(([where, id]) => window.library.open(where, id), [
      service(),
      conversationId,
    ] as const);
    await page.waitForFunction(() => window.library.recording.connections.at(-1) === 'live');
    return conversationId;
  }

  const send = (page: Page, text: string) => page.evaluate((words) => window.library.send(words), text);

  /** The answer once it ended, with what the page showed of it; checks it against what is stored. */
  async function endedAnswer(page: Page, conversationId: string, messageId: string) {
    await page.waitForFunction((id) => id in window.library.recording.ended, messageId);
    const recording = await page.evaluate(() => window.library.recording);
    const message = recording.ended[messageId];
    const stored = await storedMessage(target(), { apiKey: target().apiKey }, conversationId, messageId);
    expect(message).toMatchObject({ text: stored.text, status: stored.status });
    expectReceipt(message?.end, stored.text);
    return { texts: recording.texts[messageId] ?? [], connections: recording.connections, stored };
  }

  it('hands the bare Amplify client START, every DELTA and END in order, exact to the digest', async () => {
    const { open } = await openContext();
    const page = await open(fixture());
    const conversationId = randomUUID();
    await page.evaluate(([where, query, id]) => void window.library.subscribe(where, query, id), [
      service(),
      DOCUMENTS.onConversation,
      conversationId,
    ] as const);
    await page.waitForFunction(() => window.library.feed?.isAcknowledged);

    const { assistantMessage } = await sendText(target(), service(), '/tokens 300 100', conversationId);
    await page.waitForFunction(() => window.library.feed?.batches.at(-1)?.kind === 'END');
    const feed = await page.evaluate(() => window.library.feed);

    expect(feed?.errors).toEqual([]);
    expect(expectGapless(feed?.batches ?? [])).toBe(countedText(300));
    const stored = await storedMessage(target(), service(), conversationId, assistantMessage.id);
    expect(stored).toMatchObject({ status: 'COMPLETE', text: countedText(300) });
    expectReceipt(stored.end, stored.text);
  });

  it('shows an answer token by token, exact to the digest', async () => {
    const { open } = await openContext();
    const page = await open(fixture());
    const conversationId = await openConversation(page);
    const messageId = await send(page, '/tokens 300 100');
    const { texts, stored } = await endedAnswer(page, conversationId, messageId);

    expect(stored).toMatchObject({ status: 'COMPLETE', text: countedText(300) });
    expect(texts.length).toBeGreaterThan(5);
    expect(texts.every((text) => stored.text.startsWith(text))).toBe(true);
    expect(texts.map(({ length }) => length)).toEqual(
      texts.map(({ length }) => length).toSorted((a, b) => a - b),
    );
  });

  it('verifies the digest on a page without crypto.subtle', async () => {
    const { open } = await openContext();
    const page = await open(fixture(INSECURE_HOST));
    expect(await page.evaluate(() => [window.isSecureContext, typeof crypto.subtle])).toEqual([
      false,
      'undefined',
    ]);
    const conversationId = await openConversation(page);

    const { stored } = await endedAnswer(page, conversationId, await send(page, '/tokens 60 100'));

    expect(stored).toMatchObject({ status: 'COMPLETE', text: countedText(60) });
  });

  it('heals cut sockets and ends exact', async () => {
    const { open, expectErrors } = await openContext();
    expectErrors(...UNREACHABLE);
    const page = await open(fixture());
    const conversationId = await openConversation(page);
    target().stack.appSync.setFaults({ ...NO_FAULTS, cutSocketsEveryMs: 900 });

    const messageId = await send(page, '/tokens 150 80');
    const { texts, connections, stored } = await endedAnswer(page, conversationId, messageId);

    expect(stored).toMatchObject({ status: 'COMPLETE', text: countedText(150) });
    expect(texts.every((text) => stored.text.startsWith(text))).toBe(true);
    expect(connections).toContain('reconnecting');
  });

  it('says offline while the network is away, and goes on as soon as it is back', async () => {
    const { context, open, expectErrors } = await openContext();
    expectErrors(...UNREACHABLE);
    const page = await open(fixture());
    const conversationId = await openConversation(page);
    const messageId = await send(page, '/tokens 300 80');
    await page.waitForFunction((id) => (window.library.recording.texts[id]?.length ?? 0) > 2, messageId);

    await context.setOffline(true);
    // Chromium's emulation refuses new connections and leaves the open ones alone.
    target().stack.appSync.setFaults({ ...NO_FAULTS, cutSocketsEveryMs: 50 });
    await page.waitForFunction(() => window.library.recording.connections.at(-1) === 'offline');
    target().stack.appSync.setFaults(NO_FAULTS);
    await context.setOffline(false);
    const { texts, stored } = await endedAnswer(page, conversationId, messageId);
    await page.waitForFunction(() => window.library.recording.connections.at(-1) === 'live');

    expect(stored).toMatchObject({ status: 'COMPLETE', text: countedText(300) });
    expect(texts.every((text) => stored.text.startsWith(text))).toBe(true);
  });

  it('reads what passed unseen when the page becomes visible, is shown again or is online again', async () => {
    const { context, open } = await openContext();
    const page = await open(fixture());
    const listed = listings(page, 2);
    const conversationId = await openConversation(page);
    // From the second listing on, which follows the acknowledgement by 2 s, nothing but a wake lists again.
    await listed;
    target().stack.appSync.setFaults({ ...NO_FAULTS, drop: 1 });
    const wakes = [
      () =>
        page.evaluate(() => void document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))),
      () => page.evaluate(() => void window.dispatchEvent(new Event('pageshow'))),
      () => context.setOffline(true).then(() => context.setOffline(false)),
    ];
    for (const wake of wakes) {
      const messageId = await answerFromElsewhere(conversationId);
      expect(await page.evaluate(() => window.library.recording.texts)).not.toHaveProperty(messageId);

      await wake();
      await page.waitForFunction(
        (id) => window.library.recording.texts[id]?.at(-1) === 'elsewhere',
        messageId,
      );
    }
  });

  /** Lets another device ask; resolves once the answer is stored whole. */
  async function answerFromElsewhere(conversationId: string): Promise<string> {
    const { id } = (await sendText(target(), service(), '/echo elsewhere', conversationId)).assistantMessage;
    await vi.waitUntil(
      async () => (await storedMessage(target(), service(), conversationId, id)).status === 'COMPLETE',
      { timeout: 20_000 },
    );
    return id;
  }
});

/** Resolves when the page was answered this many listings of messages. */
function listings(page: Page, count: number): Promise<void> {
  return new Promise((resolve) => {
    let answered = 0;
    page.on('response', (response) => {
      if (response.request().postData()?.includes('query Messages') && ++answered === count) resolve();
    });
  });
}
