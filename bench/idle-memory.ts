/**
 * How much memory does the idle stack take?
 *
 * Criteria: PSS (each shared page divided among its users) summed over the whole process tree of `npm start -- --memory`, npm
 * itself and every helper included, 60 s after ready: workers of the readiness check have ended by then (they idle for 30 s).
 * At least npm, the bootstrap, the stack and the database must be in the tree, else there is no figure. Target: <= 400 MB.
 */
import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { npmStart } from './npm-start.ts';
import { treeMemory } from './process-memory.ts';
import { answer, Skipped } from './report.ts';

const IDLE_MS = 60_000;
const LEAST_PROCESSES = ['npm start', 'bootstrap.cjs start', 'local/start.ts', 'local/database/process.ts'];

/** The program and the first word, without folders. */
function shortName(command: string): string {
  const [program = '', ...words] = command.split(' ');
  return [
    basename(program),
    ...words.slice(0, 2).map((word) => word.replace(/^.*\/(?=[^/]+\/[^/]+$)/, '')),
  ].join(' ');
}

await answer('idle-memory', async () => {
  if (!existsSync('/proc/self/smaps_rollup'))
    throw new Skipped('there is no /proc/self/smaps_rollup: this question is answered on Linux only');
  const stack = await npmStart();
  try {
    await delay(IDLE_MS);
    const processes = treeMemory(stack.pid);
    const missing = LEAST_PROCESSES.filter(
      (part) => !processes.some(({ command }) => command.includes(part)),
    );
    if (missing.length > 0) throw new Error(`Not in the process tree: ${missing.join(', ')}`);
    const total = processes.reduce((sum, { pssMb }) => sum + pssMb, 0);
    return {
      figures: [
        { name: 'PSS of the tree', value: total, unit: 'MB', target: 400 },
        ...processes.map(({ command, pssMb }) => ({
          name: `  ${shortName(command)}`,
          value: pssMb,
          unit: 'MB' as const,
        })),
      ],
      samples: { pssMb: processes.map(({ pssMb }) => pssMb) },
      notes: [`${processes.length} processes`],
    };
  } finally {
    await stack.stop();
  }
});
