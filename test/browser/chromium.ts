import {
  chromium,
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  type Page,
} from 'playwright-core';
import { afterAll, beforeAll, describe, expect, onTestFinished } from 'vitest';
import { chromiumPath } from './chromium-path.ts';

/** A name that leads to this machine in every browser of `useBrowser`: a page under it is no secure context. */
export const INSECURE_HOST = 'chat.example';

/** A suite that needs Chromium. Without one it is skipped, and fails where CI is set: the global setup tells. */
export const describeInChromium = describe.skipIf(chromiumPath() === undefined);

const ARGUMENTS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // Whatever a page asks for by name does not even leave the machine as a DNS question.
  `--host-resolver-rules=MAP ${INSECURE_HOST} 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1`,
];

/** What pages of one context said and asked for. */
export interface WatchedContext {
  readonly context: BrowserContext;
  /** Errors on the console and uncaught ones, in order. */
  readonly errors: readonly string[];
  /** Addresses of all requests and WebSockets, in order. */
  readonly requests: readonly string[];
  /** Lets the test pass with console errors that match; others still fail it. */
  readonly expectErrors: (...patterns: readonly RegExp[]) => void;
  /** A page at the address, loaded. */
  readonly open: (url: string) => Promise<Page>;
}

/** Opens a context that is closed when the test ends. */
export type OpenContext = (options?: BrowserContextOptions) => Promise<WatchedContext>;

/**
 * One Chromium for the tests of a suite, a context for each call. When the test ends, it fails if any page printed an
 * error it did not expect, threw, or asked for anything but 127.0.0.1.
 */
export function useBrowser(): OpenContext {
  let browser: Browser | undefined;
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: chromiumPath() ?? '', args: ARGUMENTS });
  });
  afterAll(() => browser?.close());
  return async (options = {}) => {
    if (!browser) throw new Error('Chromium has not started');
    const context = await browser.newContext({ reducedMotion: 'no-preference', ...options });
    const watched = watch(context);
    onTestFinished(async () => {
      await context.close();
      expect(watched.unexpectedErrors(), 'errors on the console').toEqual([]);
      expect(watched.requests.filter(leavesTheMachine), 'requests that leave the machine').toEqual([]);
    });
    return watched;
  };
}

function watch(context: BrowserContext): WatchedContext & { unexpectedErrors(): readonly string[] } {
  const errors: string[] = [];
  const requests: string[] = [];
  const expected: RegExp[] = [];
  context.on('console', (line) => {
    if (line.type() === 'error' || line.type() === 'assert')
      errors.push(`${line.text()} (${line.location().url})`);
  });
  context.on('weberror', (error) => errors.push(String(error.error().stack ?? error.error())));
  context.on('request', (request) => requests.push(request.url()));
  context.on('page', (page) => page.on('websocket', (socket) => requests.push(socket.url())));
  return {
    context,
    errors,
    requests,
    expectErrors: (...patterns) => void expected.push(...patterns),
    unexpectedErrors: () => errors.filter((error) => !expected.some((pattern) => pattern.test(error))),
    async open(url) {
      const page = await context.newPage();
      await page.goto(url);
      return page;
    },
  };
}

function leavesTheMachine(address: string): boolean {
  const { protocol, hostname } = new URL(address);
  return !['data:', 'blob:', 'about:'].includes(protocol) && !['127.0.0.1', INSECURE_HOST].includes(hostname);
}
