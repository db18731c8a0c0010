import { once } from 'node:events';
import { relative, resolve } from 'node:path';
import { watch } from 'chokidar';

/** What an edit concerns. */
export type Target = 'service' | 'page';

/** Sources by what is made of them; the page is made of the wire contract too. */
const SOURCES: Readonly<Record<string, readonly Target[]>> = {
  resolvers: ['service'],
  functions: ['service'],
  infra: ['service'],
  'schema.graphql': ['service'],
  'cdk.json': ['service'],
  protocol: ['service', 'page'],
  client: ['page'],
};

/** Editors write backups and swap files beside what they save. */
const SOURCE_FILE = /\.(ts|tsx|graphql|json|html|css|svg)$/;

/** A running watcher. */
export interface SourceWatch {
  close(): Promise<void>;
}

/**
 * Watches the sources of the service and of the page below `root` and tells of every file that appears, changes or goes, for each target
 * it belongs to. Resolves when edits are seen. A failure of the watcher itself is told once through `failed`.
 */
export async function watchSources(
  root: string,
  edited: (target: Target) => void,
  failed: (error: Error) => void,
): Promise<SourceWatch> {
  // The root itself, not what it holds: chokidar never looks again for a path given to it that was gone for a while (a checkout).
  const watcher = watch(root, {
    cwd: root,
    ignoreInitial: true,
    ignored: (path, stats) =>
      isForeign(relative(root, resolve(root, path))) || (stats?.isFile() === true && !SOURCE_FILE.test(path)),
  });
  watcher.on('all', (event, path) => {
    if (event === 'addDir' || event === 'unlinkDir') return;
    for (const target of targetsOf(path)) edited(target);
  });
  watcher.once('error', (error) => {
    failed(error instanceof Error ? error : new Error(String(error)));
    watcher.on('error', () => undefined);
  });
  await once(watcher, 'ready');
  return { close: () => watcher.close() };
}

/** Whether a path below the root belongs to no target; the root itself, the empty path, does not. */
function isForeign(path: string): boolean {
  return path !== '' && targetsOf(path).length === 0;
}

function targetsOf(path: string): readonly Target[] {
  const [top = ''] = path.split(/[\\/]/);
  return SOURCES[top] ?? [];
}
