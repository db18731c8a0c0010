import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';

/** Who runs. Containers that share a clone see each other's folders, but not each other's processes. */
export interface Runner {
  readonly host: string;
  readonly pid: number;
}

/**
 * Makes an empty folder below `parent` for what one run of the stack synthesizes and builds: several may run from one clone, and nothing of
 * an earlier run is in it. Whoever makes it removes it; folders of runs on this host that were killed before they could go now.
 */
export function makeRunFolder(
  parent: string,
  runner: Runner = { host: hostname(), pid: process.pid },
  isRunning: (pid: number) => boolean = isProcess,
): string {
  mkdirSync(parent, { recursive: true });
  const prefix = `${runner.host}-`;
  for (const name of readdirSync(parent)) {
    const pid = name.startsWith(prefix) ? Number(name.slice(prefix.length)) : NaN;
    if (pid === runner.pid || (Number.isInteger(pid) && !isRunning(pid)))
      rmSync(join(parent, name), { recursive: true, force: true });
  }
  const folder = join(parent, `${prefix}${runner.pid}`);
  mkdirSync(folder);
  return folder;
}

function isProcess(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
