import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parseParent, parsePssMb, treeMemory, treeOf } from '../../bench/process-memory.ts';

const ROLLUP = `55d0c8e00000-7ffd4a5f5000 ---p 00000000 00:00 0                          [rollup]
Rss:               95444 kB
Pss:               84992 kB
Pss_Dirty:         52036 kB
Pss_Anon:          51712 kB
SwapPss:               0 kB
`;

describe('parsePssMb', () => {
  it('reads the Pss line and no other', () => {
    expect(parsePssMb(ROLLUP)).toBe(83);
  });

  it('refuses a text without one', () => {
    expect(() => parsePssMb(ROLLUP.replace(/^Pss: .*$/m, ''))).toThrow('No Pss line');
    expect(() => parsePssMb('')).toThrow('No Pss line');
  });
});

describe('parseParent', () => {
  it('reads the parent past a command with spaces and parentheses', () => {
    expect(parseParent('123 (node) S 45 123 123 0 -1')).toBe(45);
    expect(parseParent('123 (a) S 9 (b) R 46 123 123 0 -1')).toBe(46);
  });

  it('refuses another text', () => {
    expect(() => parseParent('nothing')).toThrow('No parent');
  });
});

describe('treeOf', () => {
  it('has the root and every descendant, and nobody else', () => {
    const parentOf = new Map([
      [2, 1],
      [10, 2],
      [11, 10],
      [12, 11],
      [13, 10],
      [20, 2],
    ]);

    expect(treeOf(10, parentOf)).toEqual([10, 11, 13, 12]);
    expect(treeOf(20, parentOf)).toEqual([20]);
  });
});

describe.runIf(existsSync('/proc/self/smaps_rollup'))('treeMemory', () => {
  it('measures a process under its own command', async () => {
    const child = spawn(process.execPath, ['-e', 'process.stdin.resume(); console.log(1)', 'its-word']);
    onTestFinished(() => void child.kill());
    await once(child.stdout, 'data');

    const tree = treeMemory(child.pid ?? 0);

    expect(tree).toHaveLength(1);
    expect(tree[0]?.pid).toBe(child.pid);
    expect(tree[0]?.pssMb).toBeGreaterThan(1);
    expect(tree[0]?.command).toMatch(/its-word$/);
  });
});
