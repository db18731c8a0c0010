/**
 * Entry of `npm run bench`: answers each question in a fresh process and prints one table. `npm run bench -- start-time` asks
 * only that one. Raw samples go to `.local/bench/<question>.json`. A missed target is reported; the exit code is 1 only when a
 * question could not be answered, because a figure depends on the machine and a lost token does not.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { commitOf, loadNow, thisMachine } from './machine.ts';
import { reportLines, type Report } from './report.ts';

const QUESTIONS = [
  'graphql-latency',
  'sse-latency',
  'http',
  'cancel',
  'start-time',
  'page-paint',
  'idle-memory',
  'bundle-size',
  'render-cost',
] as const;
const root = fileURLToPath(new URL('..', import.meta.url));
const outdir = `${root}.local/bench`;

async function ask(question: string): Promise<Report> {
  const child = fork(fileURLToPath(new URL(`./${question}.ts`, import.meta.url)), {
    cwd: root,
    execArgv: [],
  });
  let report: Report = { kind: 'failed', why: 'its process ended without an answer' };
  child.on('message', (message: Report) => (report = message));
  await once(child, 'exit');
  return report;
}

async function main(words: readonly string[]): Promise<void> {
  const unknown = words.filter((word) => !QUESTIONS.some((question) => question === word));
  if (unknown.length > 0) {
    console.error(`Unknown: ${unknown.join(', ')}. The questions are ${QUESTIONS.join(', ')}.`);
    process.exitCode = 1;
    return;
  }
  const machine = thisMachine();
  const commit = commitOf(root);
  const table: string[] = [];
  mkdirSync(outdir, { recursive: true });
  for (const question of words.length > 0 ? words : QUESTIONS) {
    console.error(`${question} ...`);
    const startedAt = new Date().toISOString();
    const loadBefore = loadNow();
    const report = await ask(question);
    const loadAfter = loadNow();
    writeFileSync(
      `${outdir}/${question}.json`,
      `${JSON.stringify({ question, startedAt, commit, machine, loadBefore, loadAfter, report }, null, 2)}\n`,
    );
    const [heading = question, ...lines] = reportLines(question, report);
    table.push(
      '',
      `${heading} (load ${loadBefore.toFixed(1)} before, ${loadAfter.toFixed(1)} after)`,
      ...lines,
    );
    if (report.kind === 'failed') process.exitCode = 1;
  }
  console.log(
    [
      '',
      `commit ${commit}   node ${machine.node}   ${machine.platform}   ${machine.cores} cores   ${machine.cpu}   ${machine.memoryMb} MB`,
      ...table,
      '',
      'Raw samples: .local/bench/<question>.json',
    ].join('\n'),
  );
}

// Ends with the process that started it; listening alone would keep this one alive after its last line.
process.once('disconnect', () => process.exit(1));
process.channel?.unref();
await main(process.argv.slice(2));
