/** What the model was asked. */
import type { JournalledRequest } from '../../local/model/request-journal.ts';

/** How often a prompt was asked, and how many of the requests got text. */
export interface PromptRequests {
  readonly all: number;
  readonly answered: number;
}

/**
 * Keeps what the offline model's journal tells, which forgets the oldest requests: `read` has to be called often enough, and tells of
 * every request once it has.
 */
export class ModelRequests {
  readonly #url: string;
  readonly #requests = new Map<number, Pick<JournalledRequest, 'prompt' | 'tokensSent'>>();

  constructor(offlineModelUrl: string) {
    this.#url = `${offlineModelUrl}/local-journal`;
  }

  async read(): Promise<void> {
    const answer = await fetch(this.#url, { signal: AbortSignal.timeout(15_000) });
    const { requests } = (await answer.json()) as { requests: JournalledRequest[] };
    for (const { id, prompt, tokensSent } of requests) this.#requests.set(id, { prompt, tokensSent });
  }

  of(prompt: string): PromptRequests {
    const own = [...this.#requests.values()].filter((request) => request.prompt === prompt);
    return { all: own.length, answered: own.filter(({ tokensSent }) => tokensSent > 0).length };
  }
}
