import { expect, it } from 'vitest';
import { modelRequests } from '../contract/api.ts';
import { countedText, storedMessages } from '../contract/streamed-answer.ts';
import { describeInChromium } from './chromium.ts';
import { eventually, expectGrowth, useWebPages, type WebPage } from './web-page.ts';

describeInChromium('an answer on the page', () => {
  const { target, open, openIn } = useWebPages();

  /** The newest answer as it is stored. */
  async function storedAnswer({ conversationId }: WebPage) {
    const messages = await storedMessages(target(), { apiKey: target().apiKey }, conversationId());
    return messages.find(({ role }) => role === 'ASSISTANT');
  }

  it('is stopped and keeps its text, and the model is told', async () => {
    const web = await open();
    const { send, answers, button, composer } = web;
    await send('/tokens 2000 50');
    await answers.filter({ hasText: 'w20' }).waitFor();

    await button('Stop').click();
    await answers.filter({ hasText: 'Stopped' }).waitFor();

    const stored = await storedAnswer(web);
    expect(stored?.status).toBe('CANCELLED');
    expect(countedText(2000).startsWith(stored?.text ?? '')).toBe(true);
    expect((await web.shownTexts(0)).at(-1)).toBe(stored?.text);
    expect(await button('Stop').count()).toBe(0);
    expect(await composer.evaluate((input) => input === document.activeElement)).toBe(true);
    await eventually(() => modelRequests(target(), '/tokens 2000 50')).toMatchObject([
      { outcome: 'aborted' },
    ]);
  });

  it('is stopped with Escape, which another tab shows too', async () => {
    const web = await open();
    await web.send('/tokens 2000 50');
    await web.answers.filter({ hasText: 'w5' }).waitFor();
    const other = await openIn(web.watched, `/c/${web.conversationId()}`);
    await other.button('Stop').waitFor();

    await web.composer.press('Escape');
    for (const { answers } of [web, other]) await answers.filter({ hasText: 'Stopped' }).waitFor();

    const stored = await storedAnswer(web);
    expect(stored?.status).toBe('CANCELLED');
    for (const { shownTexts } of [web, other]) expect((await shownTexts(0)).at(-1)).toBe(stored?.text);
  });

  it('is regenerated: the other version shows, and both can be chosen', async () => {
    const { page, send, answers, button } = await open();
    await send('/echo twice');
    await answers.filter({ hasText: 'twice' }).waitFor();

    await button('Regenerate').click();
    await answers.filter({ hasText: '2/2' }).waitFor();
    await answers.filter({ hasText: 'twice' }).waitFor();
    expect(await answers.count()).toBe(1);

    await page.getByRole('button', { name: /^Previous/ }).click();
    await answers.filter({ hasText: '1/2' }).filter({ hasText: 'twice' }).waitFor();
  });

  it('goes on where it was after its worker died', async () => {
    const web = await open();
    const { send, answers, button } = web;
    await send('/tokens 400 100');
    await answers.filter({ hasText: 'w20' }).waitFor();
    const messageId = (await storedAnswer(web))?.id;
    const killed = await fetch(target().graphqlUrl.replace('/graphql', '/local/kill-worker'), {
      method: 'POST',
      body: JSON.stringify({ messageId }),
    });
    expect(await killed.json()).toEqual({ killed: 1 });

    await button('Continue').click();
    await answers.filter({ hasText: 'w400' }).waitFor();
    await button('Regenerate').waitFor();

    expect(await storedAnswer(web)).toMatchObject({ status: 'COMPLETE', attempt: 2, text: countedText(400) });
    expectGrowth(await web.shownTexts(0), countedText(400));
  });

  it('is copied as the model wrote it', async () => {
    const { page, watched, send, answers, button } = await open();
    await watched.context.grantPermissions(['clipboard-read', 'clipboard-write']);
    await send('/echo **bold** and `code`');
    await answers.filter({ hasText: 'bold and code' }).waitFor();

    await button('Copy').click();

    await eventually(() => page.evaluate(() => navigator.clipboard.readText())).toBe('**bold** and `code`');
  });

  it('says that it failed and is tried again', async () => {
    const { send, answers, button } = await open();
    await send('/error 500');
    await button('Try again').waitFor();
    expect(await answers.count()).toBe(1);
    expect(await answers.first().textContent()).not.toMatch(/500|undefined|\[object/);

    await button('Try again').click();
    await answers.filter({ hasText: '2/2' }).waitFor();
    await button('Try again').waitFor();
  });

  it('shows markdown, loads no picture and opens links apart', async () => {
    const { page, send, answers, button } = await open();
    await send(
      '/echo # Title\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n![cat](http://192.0.2.1/cat.png) [site](http://192.0.2.1/) <img src=x onerror=alert(1)> [no](javascript:alert(1))',
    );
    await button('Regenerate').waitFor();

    expect(await answers.getByRole('table').count()).toBe(1);
    expect(await answers.locator('img').count()).toBe(0);
    const links = await answers.getByRole('link').evaluateAll((all) => all.map((link) => link.outerHTML));
    expect(links.length).toBeGreaterThan(0);
    for (const link of links) {
      expect(link).toContain('href="http://192.0.2.1/');
      expect(link).toContain('target="_blank"');
      expect(link).toContain('noopener');
    }
    expect(await page.locator('[onerror]').count()).toBe(0);
  });
});
