import { kindsOf } from './fault-kinds.ts';
import { drawFaults, type DrawnFaults, type Patience } from './drawn-faults.ts';

/** A set and when it counted, in epoch milliseconds; a spell overlaps the next one while the stack changes over. */
export interface Spell {
  readonly index: number;
  readonly since: number;
  /** Infinity for the one that counts. */
  readonly until: number;
  readonly faults: DrawnFaults;
}

/** The faults of a run: one set after another, under which schedules come and go. */
export class Weather {
  readonly #switchUrl: string;
  readonly #runSeed: number;
  readonly #patience: Patience;
  readonly #spells: (Spell & { until: number })[] = [];

  constructor(graphqlUrl: string, runSeed: number, patience: Patience) {
    this.#switchUrl = graphqlUrl.replace(/\/graphql$/, '/local/faults');
    this.#runSeed = runSeed;
    this.#patience = patience;
  }

  /** Replaces the set by the next one. */
  async next(): Promise<void> {
    const index = this.#spells.length;
    const faults = drawFaults(this.#runSeed, index, this.#patience);
    await this.#change(faults, () => this.#switch('PUT', faults));
  }

  /** Ends all faults; workers that stand still go on. */
  async clear(): Promise<void> {
    await this.#change({}, () => this.#switch('DELETE'));
  }

  /** The sets that counted at some time from `since` to now. */
  since(since: number): readonly Spell[] {
    return this.#spells.filter(({ until }) => until >= since);
  }

  /** Every kind of fault that was on at some time. */
  get kinds(): ReadonlySet<string> {
    return new Set(this.#spells.flatMap(({ faults }) => kindsOf(faults)));
  }

  /** How many of each fault happened since the stack was started. */
  async injected(): Promise<Readonly<Record<string, number>>> {
    const { injected = {} } = (await this.#switch('GET')) as { injected?: Record<string, number> };
    return injected;
  }

  async #change(faults: DrawnFaults, change: () => Promise<unknown>): Promise<void> {
    const before = this.#spells.at(-1);
    this.#spells.push({ index: this.#spells.length, since: Date.now(), until: Infinity, faults });
    await change();
    if (before) before.until = Date.now();
  }

  async #switch(method: 'GET' | 'PUT' | 'DELETE', faults?: DrawnFaults): Promise<unknown> {
    const answer = await fetch(this.#switchUrl, { method, ...(faults && { body: JSON.stringify(faults) }) });
    const body: unknown = await answer.json();
    if (!answer.ok)
      throw new Error(`${method} /local/faults answers ${answer.status}: ${JSON.stringify(body)}`);
    return body;
  }
}
