/**
 * Entry of `npm test`: format, lint and types side by side, then every test. All of them run even when one fails, so that
 * one run shows everything. Words after `--` go to vitest.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

interface Step {
  readonly name: string;
  /** Path of the program below node_modules, and its words. */
  readonly words: readonly [string, ...string[]];
}

const STATIC_STEPS: readonly Step[] = [
  { name: 'format', words: ['prettier/bin/prettier.cjs', '--check', '--log-level', 'warn', '.'] },
  { name: 'lint', words: ['eslint/bin/eslint.js', '--max-warnings', '0', '.'] },
  { name: 'types', words: ['typescript-7/bin/tsc', '-p', 'tsconfig.json'] },
  { name: 'types of resolvers', words: ['typescript-7/bin/tsc', '-p', 'resolvers/tsconfig.json'] },
];

/** One Node for everything below: the bootstrap chose it, and vitest's workers inherit it. */
function command([program, ...words]: Step['words']): [string, string[]] {
  return [process.execPath, [join(root, 'node_modules', program), ...words]];
}

function tell(name: string, status: number | null, startedAt: number): boolean {
  const seconds = ((Date.now() - startedAt) / 1000).toFixed(1);
  console.log(`${status === 0 ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)`);
  return status === 0;
}

/** Beside others: what it printed comes whole, when it has ended. */
async function runBeside({ name, words }: Step): Promise<boolean> {
  const startedAt = Date.now();
  const child = spawn(...command(words), { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  const output: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => output.push(chunk));
  const [status] = (await once(child, 'close')) as [number | null];
  process.stdout.write(Buffer.concat(output));
  return tell(name, status, startedAt);
}

function run({ name, words }: Step): boolean {
  const startedAt = Date.now();
  return tell(name, spawnSync(...command(words), { cwd: root, stdio: 'inherit' }).status, startedAt);
}

/** A test file outside every project would never run and nobody would notice. */
function checkTestsExist(): void {
  const files = readdirSync(resolve(root, 'test'), { recursive: true, encoding: 'utf8' });
  const strays = files.filter((file) => /\.(spec|tests)\.tsx?$/.test(file));
  if (strays.length > 0)
    throw new Error(
      `Test files end in .test.ts: ${strays.map((file) => join(dirname(file), file)).join(', ')}`,
    );
}

checkTestsExist();
const isOk = await Promise.all(STATIC_STEPS.map(runBeside));
const failed = STATIC_STEPS.filter((_step, index) => !isOk[index]).map((step) => step.name);
if (!run({ name: 'tests', words: ['vitest/vitest.mjs', 'run', ...process.argv.slice(2)] }))
  failed.push('tests');
if (failed.length > 0) {
  console.error(`npm test failed: ${failed.join(', ')}`);
  process.exitCode = 1;
}
