import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { MAX_TEXT_UNITS } from '../../protocol/limits.ts';
import { describeInChromium } from './chromium.ts';
import { eventually, useWebPages, type WebPage } from './web-page.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const WIDE = { width: 1280, height: 800 };
const NARROW = { width: 390, height: 844 };
/** The narrowest width that text has to fit without scrolling sideways (WCAG 1.4.10). */
const NARROWEST = { width: 320, height: 640 };
const MARKDOWN = `/echo # Title

Text with **bold**, \`code\`, a [link](https://example.com/) and ${'averyveryverylongword'.repeat(12)}.

- one
- two

> quoted

| first column | second column | third column | fourth column | fifth column |
|---|---|---|---|---|
| ${'wide '.repeat(8)} | ${'wide '.repeat(8)} | 3 | 4 | ${'wide'.repeat(12)} |

\`\`\`ts
const line = '${'long '.repeat(60)}';
\`\`\`
`;

/** What axe finds, one line each. */
async function violations(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  const results = await page.evaluate(() =>
    (window as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run(),
  );
  return results.violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 160)} ${failureSummary ?? ''}`),
  );
}

/** Checks a state of the page in both colour schemes and each size. */
async function expectAccessible(
  page: Page,
  sizes: readonly { width: number; height: number }[],
): Promise<void> {
  for (const size of sizes)
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.setViewportSize(size);
      await page.emulateMedia({ colorScheme });
      expect(await violations(page), `${size.width} px, ${colorScheme}`).toEqual([]);
    }
}

const isSidewaysScrollable = (page: Page) =>
  page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    return scrollWidth > clientWidth;
  });

describeInChromium('the page for everybody', () => {
  const { open } = useWebPages();
  const openStill = (path = '/') => open(path, { reducedMotion: 'reduce' });

  /** A conversation with markdown, a failed answer, a stopped one and one that runs. */
  async function fillConversation({ send, answers, button }: WebPage): Promise<void> {
    await send(MARKDOWN);
    await answers.getByRole('table').waitFor();
    await button('Regenerate').waitFor();
    await send('/error 500');
    await button('Try again').waitFor();
    await send('/stall 10');
    await answers.filter({ hasText: 'w10' }).waitFor();
    await button('Stop').click();
    await answers.filter({ hasText: 'Stopped' }).waitFor();
    await send('/stall 30');
    await answers.filter({ hasText: 'w30' }).waitFor();
  }

  it('has no axe violation when empty', async () => {
    const { page, live } = await openStill();
    await live();
    await expectAccessible(page, [WIDE, NARROW]);
  });

  // Six times axe over a full page: a busy machine takes a minute for it.
  it(
    'has no axe violation and never scrolls sideways with answers of every kind',
    { timeout: 180_000 },
    async () => {
      const web = await openStill();
      await fillConversation(web);
      await web.composer.fill('x'.repeat(MAX_TEXT_UNITS + 1));
      await web.page.getByRole('alert').waitFor();

      await expectAccessible(web.page, [WIDE, NARROW, NARROWEST]);
      await web.page.setViewportSize(NARROWEST);
      expect(await isSidewaysScrollable(web.page)).toBe(false);
      expect(await web.log.evaluate((log) => log.scrollWidth > log.clientWidth)).toBe(false);
      await web.composer.fill('');
      for (const part of [web.composer, web.button('Stop'), web.button('Account')]) {
        const box = await part.boundingBox();
        expect(box && box.x >= 0 && box.x + box.width <= 320 && box.y >= 0 && box.y + box.height <= 640).toBe(
          true,
        );
      }
    },
  );

  it('has no axe violation in its dialogs', async () => {
    const { page, send, answers, button } = await openStill();
    await send('/echo to be deleted');
    await answers.filter({ hasText: 'deleted' }).waitFor();
    await button('Account').click();
    await page.getByRole('dialog', { name: 'Account' }).waitFor();
    await expectAccessible(page, [WIDE, NARROW]);
    await page.keyboard.press('Escape');

    await page.setViewportSize(NARROW);
    await button('Conversations').click();
    await page.getByRole('dialog', { name: 'Conversations' }).waitFor();
    await expectAccessible(page, [NARROW]);
    await button('Delete /echo to be deleted').click();
    await page.getByRole('dialog', { name: /^Delete/ }).waitFor();
    await expectAccessible(page, [NARROW]);
  });

  it('has no axe violation at an address that names nothing', async () => {
    const { page } = await openStill('/c/no!such');
    await page.getByText('No such conversation').waitFor();
    await expectAccessible(page, [WIDE, NARROW]);
  });

  it('gives focus back when a dialog closes', async () => {
    const { page, button, live } = await openStill();
    await live();
    for (const [size, name] of [
      [WIDE, 'Account'],
      [NARROW, 'Conversations'],
    ] as const) {
      await page.setViewportSize(size);
      await button(name).focus();
      await page.keyboard.press('Enter');
      const dialog = page.getByRole('dialog', { name });
      await dialog.waitFor();
      expect(await dialog.evaluate((open) => open.contains(document.activeElement))).toBe(true);
      await page.keyboard.press('Escape');
      await dialog.waitFor({ state: 'detached' });
      await eventually(() => button(name).evaluate((it) => it === document.activeElement)).toBe(true);
    }
  });

  it('begins a dialog where it is filled in or left unharmed', async () => {
    const { page, send, answers, button } = await openStill();
    await send('/echo to be kept');
    await answers.filter({ hasText: 'kept' }).waitFor();
    const focused = async () => {
      await page.getByRole('dialog').waitFor();
      return page.evaluate(() => document.activeElement?.textContent || document.activeElement?.tagName);
    };

    await button('Account').press('Enter');
    expect(await focused()).toBe('INPUT');
    await page.keyboard.press('Escape');
    await button('Delete /echo to be kept').press('Enter');
    expect(await focused()).toBe('Keep');
  });

  it('hands focus on when the conversation in focus is deleted', async () => {
    const { page, send, answers, button } = await openStill();
    for (const text of ['/echo next', '/echo doomed', '/echo open']) {
      await button('New conversation').click();
      await send(text);
      await answers.filter({ hasText: text.slice(6) }).waitFor();
    }
    const list = page.getByRole('navigation', { name: 'Conversations' });
    await list.getByRole('link', { name: '/echo open' }).waitFor();

    await button('Delete /echo doomed').press('Enter');
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).press('Enter');
    await list.getByRole('link', { name: '/echo doomed' }).waitFor({ state: 'detached' });
    await eventually(() => page.evaluate(() => document.activeElement?.textContent)).toBe('/echo next');
  });

  it('paints the outline of what has focus whole', async () => {
    const web = await openStill();
    await fillConversation(web);
    const cut = await web.answers.evaluateAll((answers) => {
      const outline = 4;
      return answers.flatMap((answer) => {
        const frame = answer.getBoundingClientRect();
        return [...answer.querySelectorAll('button, a, [tabindex="0"]')].flatMap((part) => {
          const box = part.getBoundingClientRect();
          const fits =
            box.left - outline >= frame.left &&
            box.right + outline <= frame.right &&
            box.top - outline >= frame.top &&
            box.bottom + outline <= frame.bottom;
          return fits ? [] : [part.outerHTML];
        });
      });
    });
    expect(cut).toEqual([]);
  });

  it('sets each text in its own direction', async () => {
    const { page, send, answers, questions } = await openStill();
    await send('/echo שלום עולם.\n\nleft to right\n\n- אחת\n\n`code`');
    const answer = answers.first();
    await answer.getByRole('listitem').waitFor();
    const isAtRight = (text: string) =>
      answer.getByText(text, { exact: true }).evaluate((part) => {
        const range = document.createRange();
        range.selectNodeContents(part);
        const { left, right } = range.getBoundingClientRect();
        const frame = part.closest('article')?.getBoundingClientRect();
        return left - (frame?.left ?? 0) > (frame?.right ?? 0) - right;
      });
    expect(await isAtRight('שלום עולם.')).toBe(true);
    expect(await isAtRight('אחת')).toBe(true);
    expect(await isAtRight('left to right')).toBe(false);
    await eventually(() => questions.first().locator('p').getAttribute('dir')).toBe('auto');
    await page.getByRole('textbox', { name: 'Message' }).fill('שלום');
    expect(
      await page
        .getByRole('textbox', { name: 'Message' })
        .evaluate((input) => getComputedStyle(input).direction),
    ).toBe('rtl');
  });

  it('leads past everything to the message box with the first Tab', async () => {
    const { page, composer, live } = await openStill();
    await live();
    // Focus starts in the composer; somebody who reads from the top has it nowhere.
    await page.evaluate(() => {
      document.body.tabIndex = -1;
      document.body.focus();
      document.body.removeAttribute('tabindex');
    });
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await eventually(() => composer.evaluate((input) => input === document.activeElement)).toBe(true);
  });

  it('moves nothing for somebody who asked for less motion', async () => {
    const { page, send, answers } = await openStill();
    await send('/stall 30');
    await answers.filter({ hasText: 'w30' }).waitFor();

    const moving = () =>
      page.evaluate(() => document.getAnimations().filter(({ playState }) => playState === 'running').length);
    expect(await moving()).toBe(0);
    await page.emulateMedia({ reducedMotion: 'no-preference' });
    await eventually(moving).toBeGreaterThan(0);
  });
});
