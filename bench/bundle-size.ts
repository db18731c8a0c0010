/**
 * How much does a reader of the page download?
 *
 * Criteria: the library as an application bundles it (esbuild, minified, ESM), gzip -9, 1 KB = 1,000 bytes. `aws-amplify` is
 * left out, because the application has it already, and so is React. Files that load only on demand count too. The page is
 * what `vite build` makes of client/app: every script and stylesheet. Exact figures, the same on every machine. Target: the
 * library <= 15 KB (a unit test holds it).
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildPage } from '../local/web/build.ts';
import {
  bundle,
  gzipSize,
  gzipTotal,
  LIBRARY,
  LIBRARY_LIMIT_KB,
  REACT_HOOKS,
  type Bundle,
} from './bundle.ts';
import { answer, type Figure } from './report.ts';

const AMPLIFY = 'aws-amplify';
const REACT = 'react';

const figure = (name: string, bytes: number, target?: number): Figure => ({
  name,
  value: bytes / 1000,
  unit: 'KB',
  ...(target === undefined ? {} : { target }),
});

/** Gzipped bytes of the page's files by kind. */
async function pageSizes(): Promise<{ readonly scripts: number; readonly styles: number }> {
  const folder = mkdtempSync(join(tmpdir(), 'appsync-chat-page-'));
  try {
    await buildPage(folder);
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
    const total = (ending: string) =>
      files
        .filter((file) => file.endsWith(ending))
        .reduce((sum, file) => sum + gzipSize(readFileSync(join(folder, file))), 0);
    return { scripts: total('.js'), styles: total('.css') };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

await answer('bundle-size', async () => {
  const whole = `export * from '${LIBRARY}';`;
  const withHooks = `${whole} export * from '${REACT_HOOKS}';`;
  const library = await bundle(whole, [AMPLIFY]);
  const hooks = await bundle(withHooks, [AMPLIFY, REACT]);
  const amplified = await bundle(whole, []);
  const page = await pageSizes();
  const bytesOf = ({ files }: Bundle) => files.reduce((sum, { bytes }) => sum + bytes, 0);
  if (!amplified.inputs.some((path) => path.includes(`/${AMPLIFY}/`)))
    throw new Error('The bundle with Amplify holds no Amplify');
  return {
    figures: [
      figure('library, gzip', gzipTotal(library, 'all'), LIBRARY_LIMIT_KB),
      figure('  of it loaded at once', gzipTotal(library, 'eager')),
      figure('  before gzip', bytesOf(library)),
      figure('React hooks add, gzip', gzipTotal(hooks, 'all') - gzipTotal(library, 'all')),
      figure('library with Amplify, gzip', gzipTotal(amplified, 'all')),
      figure('page: scripts, gzip', page.scripts),
      figure('page: styles, gzip', page.styles),
    ],
    samples: {},
    notes: ['loaded on demand: SHA-256 for pages on plain http, where the browser has none'],
  };
});
