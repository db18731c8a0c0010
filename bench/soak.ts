/**
 * Entry of `npm run soak`: whole conversations through the real Amplify client and over HTTP against a local stack under all faults, new seeds
 * until the time is over. Every text that was ever shown, what is stored and what the model was asked is held against what it must be. Exit
 * code 1 when anything was wrong or stuck.
 */
import { randomInt } from 'node:crypto';
import { createReadStream, mkdirSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { workerEndings } from './soak/function-log.ts';
import { isFine, mismatchLines, progressLine, summaryLines } from './soak/soak-lines.ts';
import { readSoakWords, SoakUsageError, type SoakWords } from './soak/soak-options.ts';
import type { ScheduleResult } from './soak/run-schedule.ts';
import { soak } from './soak/soak.ts';
import { startStackProcess } from './stack-client.ts';

/** How long each set of faults counts. */
const SPELL_MS = 12_000;
const PROGRESS_EVERY_MS = 15_000;
/** Long enough for a worker that stood still past its lease (15 s) to wake, short enough for answers that are handed over. */
const GENERATE_TIMEOUT_MS = 26_000;
const FOLDER = fileURLToPath(new URL('../.local/soak', import.meta.url));

async function main({ minutes, seed, concurrency, schedule }: SoakWords): Promise<void> {
  mkdirSync(FOLDER, { recursive: true });
  const logFile = `${FOLDER}/stack.log`;
  console.log(
    `soak: seed ${seed}, ${minutes} minutes, ${concurrency} schedules at a time; functions log to ${logFile}`,
  );
  const stack = await startStackProcess({
    functionEnvironment: {},
    generateTimeoutMs: GENERATE_TIMEOUT_MS,
    logFile,
  });
  const results: ScheduleResult[] = [];
  const startedAt = Date.now();
  const elapsedMs = () => Date.now() - startedAt;
  const progress = setInterval(() => console.log(progressLine(results, elapsedMs())), PROGRESS_EVERY_MS);
  try {
    const summary = await soak(stack, {
      seed,
      patience: 'patient',
      concurrency,
      spellMs: SPELL_MS,
      goesOn: () => elapsedMs() < minutes * 60_000,
      ...(schedule !== undefined && { onlySchedule: schedule }),
      ended(result, spells) {
        results.push(result);
        if (!isFine(result)) console.log(mismatchLines(result, spells, seed).join('\n'));
      },
    });
    const workers = await workerEndings(createInterface(createReadStream(logFile)));
    console.log(summaryLines(summary, seed, elapsedMs(), workers).join('\n'));
    process.exitCode = summary.results.every(isFine) ? 0 : 1;
  } finally {
    clearInterval(progress);
    await stack.close();
  }
}

// Ends with the process that started it; listening alone would keep this one alive after its last line.
process.once('disconnect', () => process.exit(1));
process.channel?.unref();
try {
  await main(readSoakWords(process.argv.slice(2), () => randomInt(2 ** 31 - 1)));
} catch (error) {
  console.error(error instanceof SoakUsageError ? error.message : error);
  process.exitCode = 1;
}
// Amplify looks for its sockets for a while longer, with nobody left to listen.
process.exit();
