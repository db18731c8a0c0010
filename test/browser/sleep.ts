import type { Browser } from 'playwright-core';
import { onTestFinished } from 'vitest';

/** A machine that sleeps: nothing of its browser runs. */
export interface SleepingMachine {
  wake(): void;
}

/**
 * Stops every process of a browser, as a laptop that is closed does: timers, sockets and rendering stand still. Playwright's
 * calls wait meanwhile. It wakes when the test ends at the latest.
 */
export async function putToSleep(browser: Browser): Promise<SleepingMachine> {
  const devtools = await browser.newBrowserCDPSession();
  const { processInfo } = (await devtools.send('SystemInfo.getProcessInfo')) as {
    processInfo: readonly { readonly id: number }[];
  };
  const signal = (name: 'SIGSTOP' | 'SIGCONT') => {
    for (const { id } of processInfo) process.kill(id, name);
  };
  let isAwake = false;
  const wake = () => {
    if (isAwake) return;
    isAwake = true;
    signal('SIGCONT');
  };
  onTestFinished(wake);
  signal('SIGSTOP');
  return { wake };
}
