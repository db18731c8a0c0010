/**
 * How long after `npm start` is the web page painted, dependencies installed?
 *
 * Criteria: `npm start` as in start-time; a headless Chromium that runs already opens the page once the banner is there. Painted means
 * the composer can be typed into and the browser reported its first contentful paint. 3 runs; the medians count.
 */
import { chromium } from 'playwright-core';
import { npmStart } from './npm-start.ts';
import { answer } from './report.ts';
import { median } from './statistics.ts';

const RUNS = 3;
const CHROMIUM = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium';

await answer('page-paint', async () => {
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: ['--headless', '--no-sandbox', '--disable-gpu'],
  });
  const total: number[] = [];
  const opening: number[] = [];
  try {
    for (let run = 0; run < RUNS; run += 1) {
      const stack = await npmStart();
      try {
        const page = await browser.newPage();
        const openedAt = stack.seconds();
        await page.goto(stack.webUrl, { waitUntil: 'commit' });
        await page.getByRole('textbox', { name: 'Message' }).waitFor();
        await page.waitForFunction(() => performance.getEntriesByName('first-contentful-paint').length > 0);
        total.push(stack.seconds());
        opening.push(stack.seconds() - openedAt);
        await page.close();
      } finally {
        await stack.stop();
      }
    }
  } finally {
    await browser.close();
  }
  return {
    figures: [
      { name: 'npm start to the page painted, median', value: median(total), unit: 's' },
      { name: 'of it opening the page, median', value: median(opening), unit: 's' },
    ],
    samples: { paintedSeconds: total, openingSeconds: opening },
    notes: [`${total.length} of ${RUNS} pages were painted`],
  };
});
