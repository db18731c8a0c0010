import { expect, inject } from 'vitest';
import type { BrowserContextOptions, Locator, Page } from 'playwright-core';
import type { LocalStackOptions } from '../../local/stack.ts';
import { useLocalTarget, type LocalTarget } from '../contract/target.ts';
import { useBrowser, type WatchedContext } from './chromium.ts';

/** What Chromium itself prints about a service it cannot reach or that refuses. */
export const UNREACHABLE = [/^Failed to load resource: net::ERR_/, /^WebSocket connection to '.*' failed/];

/** The web page as a person finds it: by roles and names. */
export interface WebPage {
  readonly page: Page;
  readonly watched: WatchedContext;
  readonly composer: Locator;
  readonly status: Locator;
  readonly log: Locator;
  /** Answers, oldest first. */
  readonly answers: Locator;
  readonly questions: Locator;
  readonly button: (name: string) => Locator;
  /** Types into the composer and presses Enter, as a person does. */
  readonly send: (text: string) => Promise<void>;
  /** Waits until the connection is live. */
  readonly live: () => Promise<void>;
  /**
   * Every text of a counting answer (`/tokens`) that was shown since the page was loaded, in order, repeats left out; `index`
   * counts answers from 0.
   */
  readonly shownTexts: (index: number) => Promise<readonly string[]>;
  readonly conversationId: () => string;
}

declare global {
  interface Window {
    /** Filled by the recorder: texts by the place of their answer. */
    shownTexts: string[][];
  }
}

/** Runs in the page before its own scripts: keeps every text that an answer which counts shows. */
function record(): void {
  window.shownTexts = [];
  new MutationObserver(() => {
    const answers = [...document.querySelectorAll('article[aria-labelledby]')].filter((article) =>
      document
        .getElementById(article.getAttribute('aria-labelledby') ?? '')
        ?.textContent.startsWith('Assistant'),
    );
    for (const [index, answer] of answers.entries()) {
      // What follows the text in an answer begins with a capital.
      const text = /w1[^A-Z]*/.exec(answer.textContent)?.[0] ?? '';
      const texts = (window.shownTexts[index] ??= []);
      if (texts.at(-1) !== text) texts.push(text);
    }
  }).observe(document, { subtree: true, childList: true, characterData: true });
}

/** A local stack that serves the page, and pages of it. */
export interface WebPages {
  readonly target: () => LocalTarget;
  /** Opens an address of the page in a context of its own. */
  readonly open: (path?: string, options?: BrowserContextOptions & { origin?: string }) => Promise<WebPage>;
  /** A context in which nothing is open yet. */
  readonly context: (options?: BrowserContextOptions) => Promise<WatchedContext>;
  /** Opens an address in a context that is there already. */
  readonly openIn: (watched: WatchedContext, path?: string, origin?: string) => Promise<WebPage>;
}

/** One stack and one browser for the tests of a suite. */
export function useWebPages(options: () => Partial<LocalStackOptions> = () => ({})): WebPages {
  const target = useLocalTarget(() => ({ ...options(), web: { port: 0, root: inject('webRoot') } }));
  const openContext = useBrowser();
  const context = async (options?: BrowserContextOptions) => {
    const watched = await openContext(options);
    await watched.context.addInitScript(record);
    return watched;
  };
  const openIn = async (watched: WatchedContext, path = '/', origin = target().stack.webUrl) => {
    if (origin === undefined) throw new Error('The stack serves no page');
    return webPage(await watched.open(`${origin}${path}`), watched);
  };
  return {
    target,
    context,
    openIn,
    open: async (path, options) => openIn(await context(options), path),
  };
}

function webPage(page: Page, watched: WatchedContext): WebPage {
  const composer = page.getByRole('textbox', { name: 'Message' });
  const status = page.getByRole('status');
  const button = (name: string) => page.getByRole('button', { name, exact: true });
  return {
    page,
    watched,
    composer,
    status,
    log: page.getByRole('log', { name: 'Conversation' }),
    answers: page.getByRole('article', { name: /^Assistant/ }),
    questions: page.getByRole('article', { name: /^You/ }),
    button,
    async send(text) {
      await composer.fill(text);
      await composer.press('Enter');
    },
    live: () => status.filter({ hasText: 'Live' }).waitFor(),
    shownTexts: (index) => page.evaluate((place) => window.shownTexts[place] ?? [], index),
    conversationId: () => /\/c\/([\w-]+)$/.exec(new URL(page.url()).pathname)?.[1] ?? '',
  };
}

/** Checks that an answer grew to `text` through several beginnings of it. */
export function expectGrowth(shown: readonly string[], text: string, atLeast = 5): void {
  expect(shown.at(-1)).toBe(text);
  expect(shown.filter((one) => one !== '').length).toBeGreaterThanOrEqual(atLeast);
  for (const [index, one] of shown.entries()) {
    expect(text.startsWith(one)).toBe(true);
    expect(one.length).toBeGreaterThanOrEqual(shown[index - 1]?.length ?? 0);
  }
}

/** Polls a value until the expectation holds; patient, because a busy machine is slow. */
export function eventually<Value>(read: () => Value) {
  return expect.poll(read, { timeout: 20_000 });
}
