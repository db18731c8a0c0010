import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { buildPage } from '../../local/web/build.ts';
import { chromiumPath } from './chromium-path.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Folder of the web page as it was built for this run. */
    webRoot: string;
  }
}

const MISSING = 'No Chromium is installed (CHROMIUM_PATH may name one): the browser tests';

/** Builds the web page once for all browser tests. Without a browser it says so; where CI is set that fails the run. */
export default async function setup(project: TestProject): Promise<() => void> {
  const folder = mkdtempSync(join(tmpdir(), 'appsync-chat-web-'));
  project.provide('webRoot', folder);
  if (chromiumPath() === undefined) {
    if (process.env.CI) throw new Error(`${MISSING} cannot run.`);
    process.stderr.write(`${MISSING} are SKIPPED.\n`);
  } else {
    await buildPage(folder).catch((error: unknown) => {
      // The library's tests need no page and run although it cannot be built; the page's own fail by the empty folder.
      process.stderr.write(`${String(error)}\n`);
    });
  }
  return () => rmSync(folder, { recursive: true, force: true });
}
