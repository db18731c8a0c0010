import { drawFaults, type DrawnFaults, type Patience } from './drawn-faults.ts';

/** A set and since when it counted. */
export interface Spell {
  readonly index: number;
  readonly since: number;
  readonly faults: DrawnFaults;
}

/** The faults of a run: one set after another, under which schedules come and go. */
export class Weather {
  readonly #switchUrl: string;
  readonly #runSeed: number;
  readonly #patience: Patience;
  readonly #spells: Spell[] = [];

  constructor(graphqlUrl: string, runSeed: number, patience: Patience) {
    this.#switchUrl = graphqlUrl.replace(/\/graphql$/, '/local/faults');
    this.#runSeed = runSeed;
    this.#patience = patience;
  }

  /** Replaces the set by the next one. */
  async next(): Promise<void> {
    const index = this.#spells.length;
    const faults = drawFaults(this.#runSeed, index, this.#patience);
    this.#spells.push({ index, since: Date.now(), faults });
    await this.#switch('PUT', faults);
  }

  /** Ends all faults; workers that stand still go on. */
  async clear(): Promise<void> {
    this.#spells.push({ index: this.#spells.length, since: Date.now(), faults: {} });
    await this.#switch('DELETE');
  }

  /** The sets that counted at some time from `since` on. */
  since(since: number): readonly Spell[] {
    const first = this.#spells.findLastIndex((spell) => spell.since <= since);
    return this.#spells.slice(Math.max(0, first));
  }

  /** How many of each fault happened since the stack was started. */
  async injected(): Promise<Readonly<Record<string, number>>> {
    const { injected = {} } = (await this.#switch('GET')) as { injected?: Record<string, number> };
    return injected;
  }

  async #switch(method: 'GET' | 'PUT' | 'DELETE', faults?: DrawnFaults): Promise<unknown> {
    const answer = await fetch(this.#switchUrl, { method, ...(faults && { body: JSON.stringify(faults) }) });
    const body: unknown = await answer.json();
    if (!answer.ok)
      throw new Error(`${method} /local/faults answers ${answer.status}: ${JSON.stringify(body)}`);
    return body;
  }
}
