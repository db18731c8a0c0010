/** What a soak prints. Pure. */
import type { ScheduleResult } from './run-schedule.ts';
import type { SoakSummary } from './soak.ts';
import type { Spell } from './weather.ts';

/** Whether nothing was wrong with a schedule. */
export function isFine({ problems, stuck }: ScheduleResult): boolean {
  return problems.length === 0 && stuck.length === 0;
}

function counted(words: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts]
    .sort(([, a], [, b]) => b - a)
    .map(([word, times]) => `${word} ${times}`)
    .join(', ');
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

/** The whole run. */
export function summaryLines(
  { results, injected }: SoakSummary,
  runSeed: number,
  elapsedMs: number,
): string[] {
  const sum = (of: (result: ScheduleResult) => number) =>
    results.reduce((total, result) => total + of(result), 0);
  const endings = results.flatMap((result) => result.endings);
  const faults = Object.entries(injected).sort(([, a], [, b]) => b - a);
  return [
    '',
    `seed ${runSeed}, ${(elapsedMs / 1_000).toFixed(0)} s`,
    `schedules    ${results.length}`,
    `generations  ${endings.length} in ${sum(({ attempts }) => attempts)} attempts: ${counted(endings)}`,
    `faults       ${faults.reduce((total, [, times]) => total + times, 0)}: ${faults.map(([name, times]) => `${name} ${times}`).join(', ')}`,
    `repairs      ${sum(({ repairs }) => repairs)} questions of clients for missing text`,
    `mismatches   ${results.filter(({ problems }) => problems.length > 0).length}`,
    `stuck        ${results.filter(({ stuck }) => stuck.length > 0).length}`,
  ];
}
