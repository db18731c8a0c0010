import type { Page } from 'playwright-core';
import { it } from 'vitest';
import { describeInChromium, useBrowser } from './chromium.ts';
import { useFixturePage } from './fixture-page.ts';

describeInChromium('a watched page', () => {
  const fixture = useFixturePage('library');
  const openContext = useBrowser();

  /** Runs a script in a page, and waits until the browser told of what it did. */
  async function run(
    script: string,
    told: (page: Page) => Promise<unknown>,
    ...expected: RegExp[]
  ): Promise<void> {
    const { open, expectErrors } = await openContext();
    expectErrors(...expected);
    const page = await open(fixture());
    // What is never told must not look like the failure that is asked for.
    const telling = told(page).catch(() => undefined);
    await page.evaluate(script);
    await telling;
  }
  const request = (page: Page) => page.waitForEvent('request');

  it.fails.each([
    ['prints an error', 'console.error("an error")', (page: Page) => page.waitForEvent('console')],
    [
      'throws',
      'setTimeout(() => { throw new Error("nobody catches") }); 0',
      (page: Page) => page.waitForEvent('pageerror'),
    ],
  ])('fails its test when it %s', (_what, script, told) => run(script, told));

  it.fails.each([
    ['a name', 'fetch("http://somewhere.example/").catch(() => {}); 0', request],
    ['an address', 'fetch("http://192.0.2.1/").catch(() => {}); 0', request],
    ['a socket', 'new WebSocket("ws://192.0.2.1/"); 0', (page: Page) => page.waitForEvent('websocket')],
  ])('fails its test when it asks %s elsewhere, whatever the console says', (_what, script, told) =>
    run(script, told, /./),
  );

  it('passes its test when it behaves', () => run('fetch("/entry.js")', request));
});
