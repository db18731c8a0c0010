/**
 * Entry of `npm test`: format, lint, types, then every test. All of the first three run even when one fails, so that one
 * run shows everything; the tests run last, because they take longest. Words after `--` go to vitest.
 */
import { spawnSync } from 'node:child_process';
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
function run({ name, words: [program, ...words] }: Step): boolean {
  const startedAt = Date.now();
  const { status } = spawnSync(process.execPath, [join(root, 'node_modules', program), ...words], {
    cwd: root,
    stdio: 'inherit',
  });
  const seconds = ((Date.now() - startedAt) / 1000).toFixed(1);
  console.log(`${status === 0 ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)`);
  return status === 0;
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
const failed = STATIC_STEPS.filter((step) => !run(step)).map((step) => step.name);
if (!run({ name: 'tests', words: ['vitest/vitest.mjs', 'run', ...process.argv.slice(2)] }))
  failed.push('tests');
if (failed.length > 0) {
  console.error(`npm test failed: ${failed.join(', ')}`);
  process.exitCode = 1;
}
