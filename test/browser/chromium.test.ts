import { it } from 'vitest';
import { describeInChromium, useBrowser } from './chromium.ts';
import { useFixturePage } from './fixture-page.ts';

describeInChromium('a watched page', () => {
  const fixture = useFixturePage('library');
  const openContext = useBrowser();

  /** Runs a script in a page, and waits until what it threw or printed was told. */
  async function run(script: string, ...expected: RegExp[]): Promise<void> {
    const { open, expectErrors } = await openContext();
    expectErrors(...expected);
    const page = await open(fixture());
    await page.evaluate(script);
    await page.evaluate(() => new Promise((resolve) => setTimeout(resolve)));
  }

  it.fails.each([
    ['prints an error', 'console.error("an error")'],
    ['throws', 'setTimeout(() => { throw new Error("nobody catches") }); 0'],
  ])('fails its test when it %s', (_what, script) => run(script));

  it.fails.each([
    ['a name', 'fetch("http://somewhere.example/").catch(() => {}); 0'],
    ['an address', 'fetch("http://192.0.2.1/").catch(() => {}); 0'],
    ['a socket', 'new WebSocket("ws://192.0.2.1/"); 0'],
  ])('fails its test when it asks %s elsewhere, whatever the console says', (_what, script) =>
    run(script, /./),
  );

  it('passes its test when it behaves', () => run('fetch("/entry.js")'));
});
