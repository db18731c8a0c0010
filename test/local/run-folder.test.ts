import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { makeRunFolder } from '../../local/run-folder.ts';

function parentWith(...names: string[]): string {
  const parent = mkdtempSync(join(tmpdir(), 'appsync-chat-runs-'));
  onTestFinished(() => rmSync(parent, { recursive: true }));
  for (const name of names) {
    mkdirSync(join(parent, name));
    writeFileSync(join(parent, name, 'left'), '');
  }
  return parent;
}

describe('makeRunFolder', () => {
  it('gives each run an empty folder of its own', () => {
    const parent = join(parentWith(), 'runs');

    const one = makeRunFolder(parent, { host: 'a', pid: 1 }, () => true);
    const other = makeRunFolder(parent, { host: 'a', pid: 2 }, () => true);

    expect(one).not.toBe(other);
    expect(readdirSync(parent).toSorted()).toEqual(['a-1', 'a-2']);
  });

  it('removes what killed runs of this host left, and nothing else', () => {
    const parent = parentWith('a-1', 'a-2', 'a-3', 'b-1', 'a-b-1', 'notes');

    const folder = makeRunFolder(parent, { host: 'a', pid: 3 }, (pid) => pid === 2);

    expect(readdirSync(parent).toSorted()).toEqual(['a-2', 'a-3', 'a-b-1', 'b-1', 'notes']);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('knows which processes run', () => {
    const parent = parentWith();
    const running = makeRunFolder(parent);

    makeRunFolder(parent, { host: running.slice(parent.length + 1, running.lastIndexOf('-')), pid: 0 });

    expect(existsSync(running)).toBe(true);
  });
});
