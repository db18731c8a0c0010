import { summarize } from './statistics.ts';

/** One figure; with a target it is met when the value does not exceed it. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: 'µs' | 'ms' | 's' | 'MB' | 'KB' | 'times';
  readonly target?: number;
}

/** What one question came to. */
export interface Measurement {
  readonly figures: readonly Figure[];
  /** Every measured value by name. */
  readonly samples: Readonly<Record<string, readonly number[]>>;
  /** What was verified and how the figures came about, a line each. */
  readonly notes: readonly string[];
}

/** A question's answer as it leaves its process. */
export type Report =
  | ({ readonly kind: 'measured' } & Measurement)
  | { readonly kind: 'skipped'; readonly why: string }
  | { readonly kind: 'failed'; readonly why: string };

/** This machine cannot answer the question. */
export class Skipped extends Error {
  override readonly name = 'Skipped';
}

/** p50, p95, p99 and maximum of a sample in milliseconds, with targets by percentile. */
export function latencyFigures(
  name: string,
  sample: readonly number[],
  targets: { readonly p50?: number; readonly p95?: number; readonly max?: number } = {},
): Figure[] {
  const summary = summarize(sample);
  return (['p50', 'p95', 'p99', 'max'] as const).map((share) => {
    const target = share === 'p99' ? undefined : targets[share];
    return {
      name: `${name} ${share}`,
      value: summary[share],
      unit: 'ms',
      ...(target === undefined ? {} : { target }),
    };
  });
}

const DIGITS: Record<Figure['unit'], number> = { µs: 0, ms: 2, s: 2, MB: 1, KB: 1, times: 2 };

/** A figure as one line of the table. */
export function figureLine({ name, value, unit, target }: Figure): string {
  const shown = `${value.toFixed(DIGITS[unit])} ${unit}`.padStart(12);
  if (target === undefined) return `  ${name.padEnd(46)}${shown}`;
  return `  ${name.padEnd(46)}${shown}   target <= ${target} ${unit}   ${value <= target ? 'met' : 'MISSED'}`;
}

/** A report as the lines of the table, under its question. */
export function reportLines(question: string, report: Report): string[] {
  if (report.kind !== 'measured') return [question, `  ${report.kind.toUpperCase()}: ${report.why}`];
  return [question, ...report.figures.map(figureLine), ...report.notes.map((note) => `  - ${note}`)];
}

/**
 * Answers one question in this process and hands the report to the process that started it, or prints it when there is none.
 * Ends with the process that started it. Never rejects: what is thrown becomes `skipped` or `failed`, and a failure sets the exit code.
 */
export async function answer(question: string, measure: () => Promise<Measurement>): Promise<void> {
  for (const event of ['SIGINT', 'SIGTERM', 'disconnect'] as const)
    process.once(event, () => process.exit(1));
  let report: Report;
  try {
    report = { kind: 'measured', ...(await measure()) };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    report = { kind: error instanceof Skipped ? 'skipped' : 'failed', why };
    if (report.kind === 'failed') {
      process.exitCode = 1;
      console.error(error);
    }
  }
  if (process.send) process.send(report, () => process.removeAllListeners('disconnect').disconnect());
  else console.log(reportLines(question, report).join('\n'));
}
