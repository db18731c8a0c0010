/**
 * Entry of `npm test`: format and types side by side, then every test, and lint beside all of it. All of them run even when
 * one fails, so that one run shows everything. Words after `--` go to vitest.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

interface Step {
  readonly name: string;
  /** Path of the program below node_modules, and its words. */
  readonly words: readonly [string, ...string[]];
}

const LINT: Step = { name: 'lint', words: ['eslint/bin/eslint.js', '--max-warnings', '0', '.'] };
const STATIC_STEPS: readonly Step[] = [
  { name: 'format', words: ['prettier/bin/prettier.cjs', '--check', '--log-level', 'warn', '.'] },
  { name: 'types', words: ['typescript-7/bin/tsc', '-p', 'tsconfig.json'] },
  { name: 'types of resolvers', words: ['typescript-7/bin/tsc', '-p', 'resolvers/tsconfig.json'] },
];

/** One Node for everything below: the bootstrap chose it, and vitest's workers inherit it. */
function command([program, ...words]: Step['words']): [string, string[]] {
  return [process.execPath, [join(root, 'node_modules', program), ...words]];
}

function secondsSince(startedAt: number): string {
  return ((Date.now() - startedAt) / 1000).toFixed(1);
}

function tell(name: string, status: number | null, seconds: string): boolean {
  console.log(`${status === 0 ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)`);
  return status === 0;
}

/** Beside others, at another priority when asked for. Resolves when it has ended, with what prints all that it said. */
async function runBeside({ name, words }: Step, priority?: number): Promise<() => boolean> {
  const startedAt = Date.now();
  const child = spawn(...command(words), { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  if (priority !== undefined && child.pid !== undefined) setPriority(child.pid, priority);
  const output: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => output.push(chunk));
  const [status] = (await once(child, 'close')) as [number | null];
  const seconds = secondsSince(startedAt);
  return () => {
    process.stdout.write(Buffer.concat(output));
    return tell(name, status, seconds);
  };
}

async function run({ name, words }: Step): Promise<boolean> {
  const startedAt = Date.now();
  const child = spawn(...command(words), { cwd: root, stdio: 'inherit' });
  const [status] = (await once(child, 'close')) as [number | null];
  return tell(name, status, secondsSince(startedAt));
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
// Typed rules take a minute: they get what the tests, which wait for sockets now and then, leave of the machine.
const linting = runBeside(LINT, constants.priority.PRIORITY_BELOW_NORMAL);
const isOk = await Promise.all(STATIC_STEPS.map(async (step) => (await runBeside(step))()));
const failed = STATIC_STEPS.filter((_step, index) => !isOk[index]).map(({ name }) => name);
const tests: Step = { name: 'tests', words: ['vitest/vitest.mjs', 'run', ...process.argv.slice(2)] };
if (!(await run(tests))) failed.push(tests.name);
if (!(await linting)()) failed.push(LINT.name);
if (failed.length > 0) {
  console.error(`npm test failed: ${failed.join(', ')}`);
  process.exitCode = 1;
}
