import { randomUUID } from 'node:crypto';
import type { Locator } from 'playwright-core';
import { expect, it } from 'vitest';
import { sendText } from '../contract/streamed-answer.ts';
import { describeInChromium } from './chromium.ts';
import { eventually, useWebPages, type WebPage } from './web-page.ts';

describeInChromium('conversations and history on the page', () => {
  const { target, open, openIn } = useWebPages();

  const fromEnd = ({ log }: WebPage) =>
    log.evaluate((frame) => Math.round(frame.scrollHeight - frame.clientHeight - frame.scrollTop));

  /** Where the top of a row is now and after every task of the page from now on, repeats left out: each may be painted. */
  const placesOf = (row: Locator) =>
    row.evaluateHandle((element) => {
      const places: number[] = [];
      const look = () => {
        const place = element.getBoundingClientRect().top;
        if (places.at(-1) !== place) places.push(place);
      };
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => {
        look();
        port2.postMessage(undefined);
      };
      look();
      port2.postMessage(undefined);
      return places;
    });

  it('stays at the end while an answer grows, and leaves a reader who scrolled up alone', async () => {
    const web = await open('/', { viewport: { width: 700, height: 420 } });
    const { page, log, send, answers, button } = web;
    await send('/tokens 1500 300');
    await answers.filter({ hasText: 'w300' }).waitFor();
    await eventually(() => fromEnd(web)).toBeLessThan(40);
    expect(await log.evaluate((frame) => frame.scrollTop)).toBeGreaterThan(0);

    await log.hover();
    await page.mouse.wheel(0, -10_000);
    await button('Jump to latest').waitFor();
    const top = () => log.evaluate((frame) => frame.scrollTop);
    // Chromium adds what the page scrolled before it knew of the wheel: a reader turns on until the top is there.
    await eventually(async () => {
      await page.mouse.wheel(0, -10_000);
      return top();
    }).toBe(0);
    await answers.filter({ hasText: 'w900' }).waitFor();
    expect(await top()).toBe(0);

    await button('Jump to latest').click();
    await eventually(() => fromEnd(web)).toBeLessThan(40);
    await button('Jump to latest').waitFor({ state: 'detached' });
  });

  it('loads older messages above and leaves what was seen where it was', async () => {
    const conversationId = randomUUID();
    const credential = { apiKey: target().apiKey };
    const asked = Array.from({ length: 27 }, (_, index) => `/echo number ${index + 1}.`);
    for (const text of asked) await sendText(target(), credential, text, conversationId);
    const { page, questions, button } = await open(`/c/${conversationId}`);
    const older = button('Load older messages');
    await older.scrollIntoViewIfNeeded();
    // A page of the service holds 50 messages: the newest 25 questions with their answers.
    expect(await questions.count()).toBe(25);
    const first = questions.filter({ hasText: 'number 3.' });
    const places = await placesOf(first);

    await older.focus();
    await page.keyboard.press('Enter');
    await older.waitFor({ state: 'detached' });
    await questions.filter({ hasText: 'number 1.' }).waitFor();

    const [before = NaN, ...after] = await places.evaluate((seen) => seen);
    // The button above it goes away, no more.
    for (const place of after) expect(Math.abs(place - before)).toBeLessThan(60);
    const shown = (await questions.allTextContents()).map((text) => /\/echo number \d+\./.exec(text)?.[0]);
    expect(shown).toEqual(asked);
  });

  it('renames a conversation and deletes it, and another tab of it says so', async () => {
    const web = await open();
    const { page, send, answers, button, conversationId } = web;
    const listed = page.getByRole('navigation', { name: 'Conversations' }).getByRole('link');
    await send('/echo a title');
    await answers.filter({ hasText: 'a title' }).waitFor();
    const current = listed.filter({ hasText: 'a title' });
    await current.waitFor();
    expect(await current.getAttribute('aria-current')).toBe('page');
    const id = conversationId();

    await button('Rename /echo a title').click();
    await page.keyboard.type('My title');
    await page.keyboard.press('Enter');
    await listed.filter({ hasText: 'My title' }).waitFor();
    const other = await openIn(web.watched, `/c/${id}`);
    await other.answers.filter({ hasText: 'a title' }).waitFor();
    await other.page.getByRole('link', { name: 'My title' }).waitFor();

    await button('Delete My title').click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete', exact: true }).click();
    await eventually(() => new URL(page.url()).pathname).toBe('/');
    await eventually(() => listed.filter({ hasText: 'My title' }).count()).toBe(0);
    await page.goto(`${target().stack.webUrl}/c/${id}`);
    await web.live();
    expect(await answers.count()).toBe(0);
    await other.send('/echo too late');
    await other.page.getByRole('alert').first().waitFor();
    expect(await other.answers.filter({ hasText: 'too late' }).count()).toBe(0);
  });

  it('goes back and forth between conversations with the history of the browser', async () => {
    const { page, send, answers, button, composer } = await open();
    await send('/echo one');
    await answers.filter({ hasText: 'one' }).waitFor();
    await button('New conversation').click();
    await eventually(() => answers.count()).toBe(0);
    expect(await composer.evaluate((input) => input === document.activeElement)).toBe(true);
    await send('/echo two');
    await answers.filter({ hasText: 'two' }).waitFor();

    await page.goBack();
    await answers.filter({ hasText: 'one' }).waitFor();
    expect(await answers.filter({ hasText: 'two' }).count()).toBe(0);
    await page.goForward();
    await answers.filter({ hasText: 'two' }).waitFor();
  });

  it('asks the service again for what another device wrote meanwhile, without a reload', async () => {
    const { send, answers, questions, conversationId, button } = await open();
    await send('/echo here');
    await answers.filter({ hasText: 'here' }).waitFor();
    await button('Regenerate').waitFor();

    await sendText(target(), { apiKey: target().apiKey }, '/echo elsewhere', conversationId());

    await answers.filter({ hasText: 'elsewhere' }).waitFor();
    await questions.filter({ hasText: '/echo elsewhere' }).waitFor();
  });
});
