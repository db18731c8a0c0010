/** What a soak prints. Pure. */
import type { WorkerEndings } from './function-log.ts';
import type { ScheduleResult } from './run-schedule.ts';
import type { SoakSummary } from './soak.ts';
import type { Spell } from './weather.ts';

/** Whether nothing was wrong with a schedule. */
export function isFine({ problems, stuck }: ScheduleResult): boolean {
  return problems.length === 0 && stuck.length === 0;
}

/** A run this long meets every kind of fault, or says which it did not. */
const MEETS_ALL_MS = 5 * 60_000;

/** How often each thing happened, the most frequent first. */
function sorted(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .sort(([, a], [, b]) => b - a)
    .map(([what, times]) => `${what} ${times}`)
    .join(', ');
}

function sum(all: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const total: Record<string, number> = {};
  for (const counts of all)
    for (const [what, times] of Object.entries(counts)) total[what] = (total[what] ?? 0) + times;
  return total;
}

function neverLine(
  { injected, kinds }: SoakSummary,
  workers: WorkerEndings | undefined,
  elapsedMs: number,
): string[] {
  if (elapsedMs < MEETS_ALL_MS) return [];
  const happened: Readonly<Record<string, number>> = { ...injected, ...workers };
  const never = [...kinds, ...Object.keys(workers ?? {})].filter((kind) => !happened[kind]);
  return never.length === 0 ? [] : [`NEVER        ${never.join(', ')}: on, and it did not happen once`];
}

/** A schedule with which something is wrong: what, what was done, under which faults, and how to run it again. */
export function mismatchLines(result: ScheduleResult, spells: readonly Spell[], runSeed: number): string[] {
  return [
    `MISMATCH in schedule ${result.seed} of run ${runSeed}`,
    ...result.problems.map((problem) => `  wrong: ${problem}`),
    ...result.stuck.map((what) => `  stuck: ${what}`),
    ...result.steps.map((step) => `    ${step}`),
    ...spells.map(({ index, faults }) => `  faults ${index}: ${JSON.stringify(faults)}`),
    `  again: npm run soak -- --seed ${runSeed} --schedule ${result.seed}   (same faults, this schedule alone, over and over)`,
    `  or:    npm run soak -- --seed ${runSeed}   (the whole run)`,
  ];
}

/** One line on the way. */
export function progressLine(results: readonly ScheduleResult[], elapsedMs: number): string {
  const endings = results.flatMap((result) => result.endings);
  const wrong = results.filter((result) => !isFine(result)).length;
  const whole = endings.filter((ending) => ending === 'COMPLETE').length;
  return `${(elapsedMs / 1_000).toFixed(0).padStart(5)} s: ${results.length} schedules, ${endings.length} generations, ${whole} complete, ${wrong} wrong`;
}

/** The whole run; `workers` as their log tells, where it is read. */
export function summaryLines(
  summary: SoakSummary,
  runSeed: number,
  elapsedMs: number,
  workers?: WorkerEndings,
): string[] {
  const { results, injected } = summary;
  const total = (of: (result: ScheduleResult) => number) =>
    results.reduce((before, result) => before + of(result), 0);
  const endings = results.flatMap((result) => result.endings);
  const faults = Object.values(injected).reduce((before, times) => before + times, 0);
  return [
    '',
    `seed ${runSeed}, ${(elapsedMs / 1_000).toFixed(0)} s`,
    `schedules    ${results.length}`,
    `generations  ${endings.length} in ${total(({ attempts }) => attempts)} attempts: ${sorted(sum(endings.map((ending) => ({ [ending]: 1 }))))}`,
    `done         ${sorted(sum(results.map(({ done }) => done)))}`,
    `faults       ${faults}: ${sorted(injected)}`,
    ...(workers
      ? [
          `workers      ${workers.handOver} handed over at their deadline, ${workers.zombie} woke after their lease and were fenced`,
        ]
      : []),
    ...neverLine(summary, workers, elapsedMs),
    `repairs      ${total(({ repairs }) => repairs)} questions of clients for missing text`,
    `mismatches   ${results.filter(({ problems }) => problems.length > 0).length}`,
    `stuck        ${results.filter(({ stuck }) => stuck.length > 0).length}`,
  ];
}
