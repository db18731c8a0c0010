import { readdirSync, readFileSync } from 'node:fs';

/** A process of a tree with its proportional set size. */
export interface ProcessMemory {
  readonly pid: number;
  readonly command: string;
  readonly pssMb: number;
}

/** The PSS of a `/proc/<pid>/smaps_rollup` in MB (1,048,576 bytes). Throws when the text has none. */
export function parsePssMb(smapsRollup: string): number {
  const kilobytes = /^Pss:\s+(\d+) kB$/m.exec(smapsRollup)?.[1];
  if (kilobytes === undefined) throw new Error('No Pss line in smaps_rollup');
  return Number(kilobytes) / 1024;
}

/** The parent in a `/proc/<pid>/stat`; the command in it may hold spaces and parentheses. Throws for another text. */
export function parseParent(stat: string): number {
  const parent = /^\S+ (\d+)/.exec(stat.slice(stat.lastIndexOf(')') + 2))?.[1];
  if (parent === undefined) throw new Error('No parent in stat');
  return Number(parent);
}

/** The ids of `root` and all its descendants, parents before children. */
export function treeOf(root: number, parentOf: ReadonlyMap<number, number>): number[] {
  const tree = [root];
  for (const pid of tree) for (const [child, parent] of parentOf) if (parent === pid) tree.push(child);
  return tree;
}

function parents(): Map<number, number> {
  const found = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      found.set(Number(name), parseParent(readFileSync(`/proc/${name}/stat`, 'utf8')));
    } catch (error) {
      // A process may end between the listing and the reading.
      if (!['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    }
  }
  return found;
}

/** What each process of a tree takes now. Throws when one of them cannot be read: a sum without it would be too small. */
export function treeMemory(root: number): ProcessMemory[] {
  return treeOf(root, parents()).map((pid) => ({
    pid,
    command: readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').join(' ').trim(),
    pssMb: parsePssMb(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')),
  }));
}
