import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { ChildProgramError, runChildProgram } from '../child-program.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const ENTRY = 'index.html';

/** How a page is built. */
export interface BuildPageOptions {
  /** Folder of the page's sources. @defaultValue `client/app` */
  readonly source?: string;
  /** Ends the build when aborted; the promise rejects once its process is gone. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Builds the web page into a folder, in a child process that exits. What the folder held stays in service until the new page is
 * whole and is gone afterwards; a build that fails leaves it alone. Rejects with what Vite printed, file and line included.
 */
export async function buildPage(outDir: string, options: BuildPageOptions = {}): Promise<void> {
  await mkdir(dirname(outDir), { recursive: true });
  const fresh = await mkdtemp(`${outDir}.new-`);
  try {
    await runVite(options.source ?? join(ROOT, 'client/app'), fresh, options.signal);
    await replaceFiles(outDir, fresh);
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

async function runVite(source: string, outDir: string, signal: AbortSignal | undefined): Promise<void> {
  const vite = join(dirname(createRequire(import.meta.url).resolve('vite/package.json')), 'bin/vite.js');
  const { code, output } = await runChildProgram(
    [vite, 'build', source, '--outDir', outDir, '--emptyOutDir', '--logLevel', 'error'],
    {
      // Vite takes an inherited NODE_ENV for the mode of React, and a test runner's would give its slow one.
      environment: { ...process.env, NODE_ENV: 'production', NO_COLOR: '1', FORCE_COLOR: undefined },
      signal,
    },
  );
  if (code !== 0) throw new ChildProgramError(`The web page could not be built:\n${readable(output)}`);
}

/** What tells nothing of the page: durations, frames of Vite's own stack, and the rest of its printed error object. */
const NOISE = /^\s+at |^\S+ Build failed in |^error during build:|^\s*errors: \[Getter|^}$/;

/** Vite's message with paths as the repository names them. */
function readable(output: string): string {
  const lines = stripVTControlCharacters(output).replaceAll(ROOT, '').split('\n');
  return lines
    .filter((line) => !NOISE.test(line))
    .join('\n')
    .trim();
}

async function filesOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)));
}

/** Assets carry a hash in their names, so old and new lie side by side; the entry goes last and names the new ones. */
async function replaceFiles(target: string, source: string): Promise<void> {
  const files = await filesOf(source);
  for (const file of files.toSorted((a, b) => Number(a === ENTRY) - Number(b === ENTRY))) {
    await mkdir(dirname(join(target, file)), { recursive: true });
    await rename(join(source, file), join(target, file));
  }
  const kept = new Set(files);
  for (const file of await filesOf(target))
    if (!kept.has(file)) await rm(join(target, file), { force: true });
}
