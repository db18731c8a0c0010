import { expect, it } from 'vitest';
import { callerOf } from '../contract/api.ts';
import { countedText, expectReceipt } from '../contract/streamed-answer.ts';
import { useLocalTarget } from '../contract/target.ts';
import { describeInChromium, useBrowser } from './chromium.ts';
import { useFixturePage } from './fixture-page.ts';
import type {} from './fixtures/event-source.ts';
import { startGate } from './gate.ts';

/** What Chromium prints about a connection that breaks, and about every one while the gate is shut. */
const CUT = /net::ERR_/;

describeInChromium('the EventSource of Chromium on the events of an answer', () => {
  const target = useLocalTarget();
  const fixture = useFixturePage('event-source');
  const openContext = useBrowser();
  const caller = () => callerOf(target(), { apiKey: target().apiKey });

  /** The address with a ticket for it, at the door or at a gate before it. */
  async function addressOf(message: { conversationId: string; id: string }, port?: number): Promise<string> {
    const path = `/conversations/${message.conversationId}/messages/${message.id}/events`;
    const made = await fetch(`${target().httpUrl}${path}/ticket`, {
      method: 'POST',
      headers: { 'x-api-key': target().apiKey },
    });
    const { ticket } = (await made.json()) as { ticket: string };
    return `${port === undefined ? target().httpUrl : `http://127.0.0.1:${port}`}${path}?ticket=${ticket}`;
  }

  it('comes back by itself after a cut, misses and repeats nothing, and stops after END', async () => {
    const gate = await startGate(Number(new URL(target().httpUrl).port));
    const { open, expectErrors } = await openContext();
    expectErrors(CUT);
    const page = await open(fixture());
    process.stdout.write(`${await page.evaluate(() => /Chrome\/\S+/.exec(navigator.userAgent)?.[0])}\n`);
    const { assistantMessage } = await caller().send('/tokens 400 60');
    const address = await addressOf(assistantMessage, gate.port);
    await page.evaluate((url) => window.eventSourcePage.open(url), address);
    await page.waitForFunction(() => window.eventSourcePage.seen.text.length > 100);

    await gate.shut();
    await page.waitForFunction(() => window.eventSourcePage.seen.states.at(-1) === 'connecting');
    const held = await page.evaluate(() => window.eventSourcePage.seen.text.length);
    await gate.open();
    await page.waitForFunction((length) => window.eventSourcePage.seen.text.length > length, held);
    await page.waitForFunction(() => window.eventSourcePage.seen.states.at(-1) === 'closed');
    const seen = await page.evaluate(() => window.eventSourcePage.seen);
    await gate.shut();

    expect(seen.text).toBe(countedText(400));
    expectReceipt(seen.end, seen.text);
    expect(seen.mistakes).toEqual([]);
    expect(seen.ends).toBe(1);
    expect(seen.states.filter((state) => state === 'open').length).toBeGreaterThanOrEqual(2);
  });

  it('replays an answer that has ended, then stops', async () => {
    const { open } = await openContext();
    const page = await open(fixture());
    const { assistantMessage } = await caller().send('/tokens 50 500');
    await caller().ended(assistantMessage);
    const address = await addressOf(assistantMessage);
    await page.evaluate((url) => window.eventSourcePage.open(url), address);
    await page.waitForFunction(() => window.eventSourcePage.seen.states.at(-1) === 'closed');
    const seen = await page.evaluate(() => window.eventSourcePage.seen);

    expect(seen).toMatchObject({ text: countedText(50), ends: 1, mistakes: [] });
    expect(seen.states).toEqual(['open', 'connecting', 'closed']);
    // What stopped it is the 204, after which the ticket is over.
    expect((await fetch(address)).status).toBe(401);
  });

  it('is refused for good with a ticket that is none', async () => {
    const { open, expectErrors } = await openContext();
    expectErrors(/status of 401/);
    const page = await open(fixture());
    const { assistantMessage } = await caller().send('/echo hello');
    const address = await addressOf(assistantMessage);
    await page.evaluate((url) => window.eventSourcePage.open(url), `${address}x`);
    await page.waitForFunction(() => window.eventSourcePage.seen.states.at(-1) === 'closed');

    expect(await page.evaluate(() => window.eventSourcePage.seen.states)).toEqual(['closed']);
    await caller().ended(assistantMessage);
  });
});
