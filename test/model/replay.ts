import type { Removal, Tally } from './actor.ts';
import { Schedule } from './schedule.ts';
import { Violation } from './truth.ts';

/** Runs one seed; answers the violation, if there is one. Errors that are none are thrown. */
export function violationOf(seed: number, removal?: Removal, tally?: Tally): Violation | undefined {
  try {
    new Schedule(seed, removal, tally).run();
    return undefined;
  } catch (thrown) {
    if (thrown instanceof Violation) return thrown;
    throw thrown;
  }
}

/** The steps of one seed, readable; ends with the violation. */
export function traceOf(seed: number, removal?: Removal): string {
  const lines: string[] = [`MODEL_SEED=${seed}`];
  try {
    new Schedule(seed, removal, {}, (line) => lines.push(line)).run();
    lines.push('no violation');
  } catch (thrown) {
    lines.push(thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown));
  }
  return lines.join('\n');
}
