/** What workers came to, as their log tells. Pure. */

/** How workers ended that did not end their answer themselves. */
export interface WorkerEndings {
  /** Left the rest of the answer to a next attempt, at their deadline. */
  readonly handOver: number;
  /** Went on after somebody had ended the answer for them: they stood still past their lease, and were fenced. */
  readonly zombie: number;
}

/** Counts them in the lines of a log. */
export async function workerEndings(lines: AsyncIterable<string> | Iterable<string>): Promise<WorkerEndings> {
  let [handOver, zombie] = [0, 0];
  for await (const line of lines) {
    if (!line.includes('"event":"generation.ended"')) continue;
    if (line.includes('"conclusion":"handedOver"')) handOver += 1;
    if (line.includes('"conclusion":"fenced"')) zombie += 1;
  }
  return { handOver, zombie };
}
