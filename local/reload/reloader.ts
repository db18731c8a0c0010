import { mkdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createSingleFlight } from './single-flight.ts';
import type { ReloadReport } from './swap.ts';
import { watchSources, type Target } from './watch.ts';

/** What a reloader drives. */
export interface ReloaderOptions {
  /** Repository whose sources are watched. */
  readonly root: string;
  /** Syntheses go below it; made when absent, gone after `close`. */
  readonly folder: string;
  /** Edits that are saved before this resolves are taken over then, as one. It must not reject. */
  readonly ready: Promise<unknown>;
  /** Synthesizes the app into a folder; rejects with what is wrong. */
  readonly synthesize: (outdir: string, signal: AbortSignal) => Promise<void>;
  /** `LocalStack.reload`. */
  readonly reload: (cdkOut: string) => Promise<ReloadReport>;
  /** Builds the web page anew; without it edits of the page are left alone. */
  readonly buildPage?: (signal: AbortSignal) => Promise<void>;
  /** One line for each reload; a broken edit has its error on the lines that follow. */
  readonly print: (text: string) => void;
  /** Edits that come within this time of each other are one. @defaultValue 100 */
  readonly settleMs?: number;
  /** Milliseconds since any moment. Default: the system clock. */
  readonly now?: () => number;
}

/** A running reloader. */
export interface Reloader {
  /** Ends the watcher and a reload that runs, its child process included; the stack keeps what it has. Call it before the stack's own close. */
  close(): Promise<void>;
}

/** Longer than the 50 ms within which chokidar tells of one change of a file only, so that no last save is missed. */
const SETTLE_MS = 100;
/** A synthesis takes about 2 s; one that takes this long hangs. */
const MAX_RELOAD_MS = 60_000;
const MAX_NAMES = 6;

/**
 * Reloads on save: an edit to the service synthesizes it into a fresh folder and swaps the stack to it, an edit to the page builds the
 * page. Each waits for its own last run only. Whatever fails is printed and leaves what runs as it is. Resolves when edits are seen.
 */
export async function startReloader(options: ReloaderOptions): Promise<Reloader> {
  const { print, buildPage, settleMs = SETTLE_MS, now = () => performance.now() } = options;
  const folders = createFolders(options.folder);

  const timed = async (
    signal: AbortSignal,
    failure: string,
    work: (signal: AbortSignal) => Promise<string>,
  ): Promise<void> => {
    const startedAt = now();
    const seconds = () => `${((now() - startedAt) / 1_000).toFixed(1)} s`;
    const limit = AbortSignal.timeout(MAX_RELOAD_MS);
    try {
      print(`${await work(AbortSignal.any([signal, limit]))} in ${seconds()}`);
    } catch (error) {
      if (signal.aborted) return;
      const reason = limit.aborted ? `not done within ${MAX_RELOAD_MS / 1_000} s` : (error as Error).message;
      print(`${failure} (${seconds()}):${reason.includes('\n') ? `\n${indented(reason)}` : ` ${reason}`}`);
    }
  };
  const reloadService = async (signal: AbortSignal): Promise<string> => {
    const folder = folders.next();
    let isRunning = false;
    try {
      await options.synthesize(folder, signal);
      const { changed } = await options.reload(folder);
      isRunning = changed.length > 0;
      return isRunning ? `reloaded ${listed(changed)}` : 'nothing changed';
    } finally {
      await folders.settle(folder, isRunning);
    }
  };
  const flights: Record<Target, ReturnType<typeof createSingleFlight> | undefined> = {
    service: createSingleFlight(
      (signal) => timed(signal, 'not reloaded, the old code runs on', reloadService),
      settleMs,
    ),
    page:
      buildPage &&
      createSingleFlight(
        (signal) =>
          timed(signal, 'the web page was not rebuilt, the old one stays', async (either) => {
            await buildPage(either);
            return 'rebuilt the web page';
          }),
        settleMs,
      ),
  };
  const early = new Set<Target>();
  let edited = (target: Target): void => void early.add(target);
  void options.ready.then(() => {
    edited = (target) => flights[target]?.request();
    for (const target of early) edited(target);
  });
  const watching = await watchSources(
    options.root,
    (target) => edited(target),
    (error) => print(`edits may not be seen any more: ${error.message}`),
  );
  return {
    async close() {
      await watching.close();
      await Promise.all([flights.service?.close(), flights.page?.close()]);
      await folders.remove();
    },
  };
}

/**
 * A fresh folder for each synthesis. The one that runs stays, because workers are started from it later, and so does the one before it,
 * because a worker of it may just be starting; the others go.
 */
function createFolders(parent: string) {
  mkdirSync(parent, { recursive: true });
  let count = 0;
  const inUse: string[] = [];
  const remove = (folder: string) => rm(folder, { recursive: true, force: true });
  return {
    next: () => join(parent, String((count += 1))),
    async settle(folder: string, isRunning: boolean): Promise<void> {
      if (!isRunning) return remove(folder);
      inUse.push(folder);
      for (const old of inUse.splice(0, inUse.length - 2)) await remove(old);
    },
    remove: () => remove(parent),
  };
}

function listed(names: readonly string[]): string {
  const more = names.length - MAX_NAMES;
  return more > 1 ? `${names.slice(0, MAX_NAMES).join(', ')} and ${more} more` : names.join(', ');
}

function indented(text: string): string {
  return text.replace(/^(?=.)/gm, '  ');
}
