import { randomUUID } from 'node:crypto';
import type { BrowserContext } from 'playwright-core';
import { afterEach, expect, it } from 'vitest';
import { NO_FAULTS } from '../../local/faults/index.ts';
import { countedText, sendText, storedMessages } from '../contract/streamed-answer.ts';
import { describeInChromium, INSECURE_HOST } from './chromium.ts';
import { eventually, expectGrowth, UNREACHABLE, useWebPages, type WebPage } from './web-page.ts';

/** What Chromium prints about a request that the service refused. */
const REFUSED = /^Failed to load resource: the server responded with a status of 40[01]/;

describeInChromium('who uses the page', () => {
  const { target, open, openIn, context } = useWebPages();

  afterEach(() => target().stack.appSync.setFaults(NO_FAULTS));

  async function signIn({ page, button, live }: WebPage, user: string): Promise<void> {
    await button('Account').click();
    const dialog = page.getByRole('dialog', { name: 'Account' });
    await dialog.getByRole('textbox', { name: 'User name' }).fill(user);
    await page.keyboard.press('Enter');
    await dialog.waitFor({ state: 'detached' });
    await live();
  }

  /** Answers the page's requests for a token; the result tells how many there were. */
  async function interceptTokens(
    given: BrowserContext,
    answer: (user: string, calls: number) => Promise<string>,
  ): Promise<() => number> {
    let calls = 0;
    await given.route('**/local/token', async (route) => {
      const { user } = route.request().postDataJSON() as { user: string };
      calls += 1;
      await route.fulfill({
        json: { token: await answer(user, calls) },
        headers: { 'access-control-allow-origin': '*' },
      });
    });
    return () => calls;
  }

  it('sees the conversations of a user alone, and the playground key its own again', async () => {
    const web = await open();
    const { page, send, answers, button, live } = web;
    const listed = page.getByRole('navigation', { name: 'Conversations' }).getByRole('link');
    await send('/echo of the playground');
    await answers.filter({ hasText: 'of the playground' }).waitFor();
    await listed.filter({ hasText: 'playground' }).waitFor();

    await signIn(web, 'alice');
    await eventually(() => listed.count()).toBe(0);
    await send('/echo of alice');
    await answers.filter({ hasText: 'of alice' }).waitFor();
    await button('Regenerate').waitFor();
    await listed.filter({ hasText: 'alice' }).waitFor();
    expect(await listed.count()).toBe(1);
    const token = await target().token('alice');
    const [stored] = await storedMessages(target(), { token }, web.conversationId());
    expect(stored).toMatchObject({ status: 'COMPLETE', text: 'of alice' });

    await page.reload();
    await answers.filter({ hasText: 'of alice' }).waitFor();

    await button('Account').click();
    await button('Use the playground key').click();
    await live();
    await listed.filter({ hasText: 'playground' }).waitFor();
    expect(await listed.filter({ hasText: 'alice' }).count()).toBe(0);
    expect(
      await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }])),
    ).not.toMatch(/eyJ/);
  });

  it('says that sign-in was refused for a wrong token, keeps the text and has a way back', async () => {
    const watched = await context();
    watched.expectErrors(REFUSED, ...UNREACHABLE);
    await interceptTokens(watched.context, () => Promise.resolve('rubbish'));
    const web = await openIn(watched);
    await web.live();
    await web.button('Account').click();
    await web.page.getByRole('textbox', { name: 'User name' }).fill('alice');
    await web.page.keyboard.press('Enter');

    const alert = web.page.getByRole('alert').filter({ hasText: 'Sign-in was refused.' });
    await alert.first().waitFor();
    await web.composer.fill('/echo kept');
    await web.composer.press('Enter');
    // The send waits some seconds for the subscription before it asks.
    await eventually(() => web.composer.inputValue()).toBe('/echo kept');

    await web.button('Go on with the playground key').click();
    await web.live();
    await eventually(() => web.composer.inputValue()).toBe('/echo kept');
    await web.composer.press('Enter');
    await web.answers.filter({ hasText: 'kept' }).waitFor();
  });

  it('is let in by itself when the token is right again', async () => {
    const watched = await context();
    watched.expectErrors(REFUSED, ...UNREACHABLE);
    const calls = await interceptTokens(watched.context, async (user, call) =>
      call < 3 ? 'rubbish' : await target().stack.token(user),
    );
    const web = await openIn(watched);
    await web.live();
    await web.button('Account').click();
    await web.page.getByRole('textbox', { name: 'User name' }).fill('alice');
    await web.page.keyboard.press('Enter');

    await web.page.getByRole('alert').filter({ hasText: 'Sign-in was refused.' }).first().waitFor();
    await web.live();
    expect(calls()).toBe(3);
    await eventually(() => web.page.getByRole('alert').count()).toBe(0);
  });

  it('gets another token when one expires mid-answer, and loses no text', async () => {
    const watched = await context();
    watched.expectErrors(REFUSED, ...UNREACHABLE);
    const calls = await interceptTokens(watched.context, (user, call) =>
      target().stack.token(user, call === 1 ? 3 : 3_600),
    );
    const web = await openIn(watched);
    await signIn(web, 'alice');
    const expiresAt = Date.now() + 3_000;
    await web.send('/tokens 300 60');
    await web.answers.filter({ hasText: 'w20' }).waitFor();
    await eventually(() => Date.now()).toBeGreaterThan(expiresAt);

    // The socket is authorized once: only a reconnect meets the expired token.
    target().stack.appSync.setFaults({ ...NO_FAULTS, cutSocketsEveryMs: 50 });
    await web.status.filter({ hasText: 'Reconnecting' }).waitFor();
    target().stack.appSync.setFaults(NO_FAULTS);
    await web.button('Regenerate').waitFor();

    expectGrowth(await web.shownTexts(0), countedText(300));
    expect(calls()).toBe(2);
    expect(await web.page.getByRole('alert').count()).toBe(0);
  });

  it('refuses a user name the issuer does not take, in words', async () => {
    const web = await open();
    web.watched.expectErrors(REFUSED);
    await web.live();
    await web.button('Account').click();
    const dialog = web.page.getByRole('dialog', { name: 'Account' });
    await dialog.getByRole('textbox', { name: 'User name' }).fill('no spaces allowed');
    await web.page.keyboard.press('Enter');

    await dialog.getByRole('alert').waitFor();
    await web.page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
  });

  it('begins a conversation at an address nobody used, and refuses one that cannot be', async () => {
    const id = randomUUID();
    const web = await open(`/c/${id}`);
    await web.live();
    expect(await web.questions.count()).toBe(0);
    await web.send('/echo first');
    await web.answers.filter({ hasText: 'first' }).waitFor();
    expect(web.conversationId()).toBe(id);

    const { page } = await openIn(web.watched, '/c/not%20an%20id');
    await page.getByText('No such conversation').waitFor();
    await page.getByRole('link', { name: /new conversation/i }).click();
    await page.getByRole('textbox', { name: 'Message' }).waitFor();
    expect(new URL(page.url()).pathname).toBe('/');
  });

  it("shows nothing of another user's conversation, and begins one of its own under the same address", async () => {
    const token = await target().token('bob');
    const foreign = randomUUID();
    await sendText(target(), { token }, '/echo secret', foreign);
    const web = await open(`/c/${foreign}`);
    await web.live();
    expect(await web.log.textContent()).not.toContain('secret');

    await web.send('/echo mine');
    await web.answers.filter({ hasText: 'mine' }).waitFor();
    expect(await web.log.textContent()).not.toContain('secret');
    await eventually(async () =>
      (await storedMessages(target(), { token }, foreign)).map(({ text }) => text),
    ).toEqual(['secret', '/echo secret']);
  });

  it('works on a page that is no secure context', async () => {
    const { port } = new URL(target().stack.webUrl ?? '');
    const web = await openIn(await context(), '/', `http://${INSECURE_HOST}:${port}`);
    expect(await web.page.evaluate(() => [isSecureContext, 'randomUUID' in crypto])).toEqual([false, false]);
    await web.live();

    await web.send('/tokens 30 60');
    await web.button('Regenerate').waitFor();

    expectGrowth(await web.shownTexts(0), countedText(30), 2);
  });
});
