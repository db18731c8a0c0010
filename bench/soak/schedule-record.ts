import { Stuck } from './within.ts';

/** What happens while a schedule runs. */
export class ScheduleRecord {
  readonly problems: string[] = [];
  readonly stuck: string[] = [];
  readonly steps: string[] = [];
  readonly #startedAt = Date.now();
  readonly #done = new Map<string, number>();

  get isFine(): boolean {
    return this.problems.length + this.stuck.length === 0;
  }

  /** How often each thing was done. */
  get done(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#done);
  }

  /** Notes a step with the milliseconds since the start, and counts it when it is `of` a kind. */
  step(what: string, of?: string): void {
    this.steps.push(`${Date.now() - this.#startedAt} ms: ${what}`);
    if (of !== undefined) this.did(of);
  }

  did(what: string): void {
    this.#done.set(what, (this.#done.get(what) ?? 0) + 1);
  }

  /** Notes what went wrong. */
  fail(error: unknown): void {
    if (error instanceof Stuck) this.stuck.push(error.message);
    else this.problems.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
}
