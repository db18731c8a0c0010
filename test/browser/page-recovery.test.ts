import { randomUUID } from 'node:crypto';
import { afterEach, expect, it } from 'vitest';
import { NO_FAULTS } from '../../local/faults/index.ts';
import { modelRequests } from '../contract/api.ts';
import { countedText, expectReceipt, storedMessages } from '../contract/streamed-answer.ts';
import { describeInChromium } from './chromium.ts';
import { startGatedPage } from './gated-page.ts';
import { putToSleep } from './sleep.ts';
import { eventually, expectGrowth, UNREACHABLE, useWebPages } from './web-page.ts';

describeInChromium('the page when something goes wrong', () => {
  const { target, open, openIn, context } = useWebPages();

  afterEach(() => target().stack.appSync.setFaults(NO_FAULTS));

  async function expectStored(conversationId: string, text: string): Promise<void> {
    const [answer] = await storedMessages(target(), { apiKey: target().apiKey }, conversationId);
    expect(answer).toMatchObject({ status: 'COMPLETE', text });
    expectReceipt(answer?.end, text);
  }

  it('continues an answer after a reload to the exact text', async () => {
    const { page, send, composer, answers, shownTexts, button, conversationId } = await open();
    await send('/tokens 300 50');
    await answers.filter({ hasText: 'w30' }).waitFor();
    await composer.fill('a draft');

    await page.reload();
    await button('Stop').waitFor();
    expect(await composer.inputValue()).toBe('a draft');
    await button('Regenerate').waitFor();

    const texts = (await shownTexts(0)).filter((text) => text !== '');
    expect(texts[0]).toContain('w30');
    expectGrowth(texts, countedText(300), 3);
    await expectStored(conversationId(), countedText(300));
    expect(await modelRequests(target(), '/tokens 300 50')).toHaveLength(1);
  });

  it('agrees with another tab, of which one started the answer', async () => {
    const watched = await context();
    const path = `/c/${randomUUID()}`;
    const [first, second] = [await openIn(watched, path), await openIn(watched, path)];
    await Promise.all([first.live(), second.live()]);

    await first.send('/tokens 120 60');
    for (const tab of [first, second]) await tab.button('Regenerate').waitFor();
    for (const tab of [first, second]) expectGrowth(await tab.shownTexts(0), countedText(120));
    await second.send('/echo from the second');
    for (const tab of [first, second]) await tab.button('Regenerate').nth(1).waitFor();

    const texts = await Promise.all([first, second].map(({ log }) => log.textContent()));
    expect(texts[0]).toBe(texts[1]);
    expect(texts[0]).toContain('from the second');
    expect(await modelRequests(target(), '/tokens 120 60')).toHaveLength(1);
    await expectStored(first.conversationId(), 'from the second');
  });

  it('heals cut sockets and never shows a hole', async () => {
    const { watched, live, send, status, shownTexts, button, conversationId } = await open();
    watched.expectErrors(...UNREACHABLE);
    await live();
    target().stack.appSync.setFaults({ ...NO_FAULTS, cutSocketsEveryMs: 1_200 });

    await send('/tokens 150 50');
    await status.filter({ hasText: 'Reconnecting' }).waitFor();
    await button('Regenerate').waitFor();
    target().stack.appSync.setFaults(NO_FAULTS);
    await live();

    expectGrowth(await shownTexts(0), countedText(150), 2);
    await expectStored(conversationId(), countedText(150));
  });

  it('shows that the service is down at page load, keeps what is sent, and sends it when the service is there', async () => {
    const { gate, origin } = await startGatedPage(target());
    await gate.shut();
    const watched = await context();
    watched.expectErrors(...UNREACHABLE);
    const { status, send, questions, answers, button, live, conversationId } = await openIn(
      watched,
      '/',
      origin,
    );

    await status.filter({ hasText: 'Offline' }).waitFor();
    await send('/echo patience');
    await questions.filter({ hasText: /Not sent yet/ }).waitFor();
    await gate.open();
    await answers.filter({ hasText: 'patience' }).waitFor();
    await button('Regenerate').waitFor();
    await live();

    expect(await questions.count()).toBe(1);
    expect(await questions.first().textContent()).not.toMatch(/Not sent yet|Sending/);
    await expectStored(conversationId(), 'patience');
    expect(await modelRequests(target(), '/echo patience')).toHaveLength(1);
  });

  it('sends a text once although the page is reloaded before the service took it', async () => {
    const { gate, origin } = await startGatedPage(target());
    const watched = await context();
    watched.expectErrors(...UNREACHABLE);
    const { page, send, questions, answers, live, button } = await openIn(watched, '/', origin);
    await live();
    await gate.shut();
    await send('/echo after all');
    await questions.filter({ hasText: /Not sent yet|Sending/ }).waitFor();

    await page.reload();
    await questions.filter({ hasText: '/echo after all' }).waitFor();
    await gate.open();
    await answers.filter({ hasText: 'after all' }).waitFor();
    await button('Regenerate').waitFor();

    expect(await questions.count()).toBe(1);
    expect(await modelRequests(target(), '/echo after all')).toHaveLength(1);
  });

  it('sends a text once although its tab was closed before the service took it, and others are open', async () => {
    const { gate, origin } = await startGatedPage(target());
    const watched = await context();
    watched.expectErrors(...UNREACHABLE);
    const first = await openIn(watched, '/', origin);
    await first.live();
    await gate.shut();
    await first.send('/echo from a closed tab');
    await first.questions.filter({ hasText: /Not sent yet|Sending/ }).waitFor();
    const path = `/c/${first.conversationId()}`;
    await first.page.close();

    const others = [await openIn(watched, path, origin), await openIn(watched, path, origin)];
    for (const tab of others) await tab.questions.filter({ hasText: /Not sent yet|Sending/ }).waitFor();
    await gate.open();
    for (const tab of others) {
      await tab.answers.filter({ hasText: 'from a closed tab' }).waitFor();
      await tab.button('Regenerate').waitFor();
      expect(await tab.questions.count()).toBe(1);
    }

    expect(await modelRequests(target(), '/echo from a closed tab')).toHaveLength(1);
    await eventually(() => others[0]?.page.evaluate(() => Object.keys(localStorage))).toEqual([]);
  });

  it('shows the whole answer after the machine slept through its end and lost its sockets', async () => {
    const { watched, live, send, answers, shownTexts, button, conversationId } = await open();
    watched.expectErrors(...UNREACHABLE);
    await live();
    await send('/tokens 150 50');
    await answers.filter({ hasText: 'w30' }).waitFor();
    const id = conversationId();
    const browser = watched.context.browser();
    if (!browser) throw new Error('The context has no browser');

    const machine = await putToSleep(browser);
    target().stack.appSync.setFaults({ ...NO_FAULTS, cutSocketsEveryMs: 50 });
    await eventually(async () => {
      const [answer] = await storedMessages(target(), { apiKey: target().apiKey }, id);
      return answer?.status;
    }).toBe('COMPLETE');
    target().stack.appSync.setFaults(NO_FAULTS);
    machine.wake();
    await button('Regenerate').waitFor();
    await live();

    expectGrowth(await shownTexts(0), countedText(150), 2);
    await expectStored(id, countedText(150));
  });

  it('keeps the text when the service goes away mid-answer, and goes on when it is back', async () => {
    const { gate, origin } = await startGatedPage(target());
    const watched = await context();
    watched.expectErrors(...UNREACHABLE);
    const { send, status, answers, shownTexts, live, button, conversationId } = await openIn(
      watched,
      '/',
      origin,
    );
    await live();
    await send('/tokens 150 50');
    await answers.filter({ hasText: 'w30' }).waitFor();

    await gate.shut();
    await status.filter({ hasText: 'Offline' }).waitFor();
    expect(await answers.first().textContent()).toContain('w30');
    await gate.open();
    await button('Regenerate').waitFor();
    await live();

    expectGrowth(await shownTexts(0), countedText(150));
    await expectStored(conversationId(), countedText(150));
  });
});
