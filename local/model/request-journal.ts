import type { ChatCompletionRequest } from '@copilotkit/aimock';

/** How a request ended; `aborted` means that the client left first, `running` that it has not ended. */
export type RequestOutcome = 'running' | 'complete' | 'aborted' | 'cut' | 'truncated' | 'error';

/** What one request to the offline model was and what became of it. */
export interface JournalledRequest {
  /** From 1 in order of arrival; never reused, also not after `clear`. */
  id: number;
  model: string;
  prompt: string;
  stream: boolean;
  body: ChatCompletionRequest;
  /** Tokens handed to the socket so far; 0 for an answer that does not stream until it is sent. */
  tokensSent: number;
  outcome: RequestOutcome;
  startedAtMs: number;
  endedAtMs?: number;
}

const MAX_ENTRIES = 500;
const MAX_PROMPT_UNITS = 4_000_000;

/**
 * Remembers the requests the offline model got, oldest first, so that a test can see whether and when one was aborted.
 *
 * Bounded: beyond 500 requests, or 4 million prompt units, the oldest are forgotten. `count` goes on counting.
 */
export interface RequestJournal {
  begin(request: ChatCompletionRequest, prompt: string): JournalledRequest;
  /** Records the end of a request. The first outcome wins. */
  end(entry: JournalledRequest, outcome: Exclude<RequestOutcome, 'running'>): void;
  snapshot(): { count: number; requests: readonly JournalledRequest[] };
  /** Forgets the requests and starts `count` again. */
  clear(): void;
}

/** Creates an empty journal that takes its times from `now`. */
export function createRequestJournal(now: () => number): RequestJournal {
  let requests: JournalledRequest[] = [];
  let lastId = 0;
  let count = 0;
  let units = 0;

  return {
    begin(request, prompt) {
      lastId += 1;
      count += 1;
      const entry: JournalledRequest = {
        id: lastId,
        model: request.model,
        prompt,
        stream: request.stream === true,
        body: request,
        tokensSent: 0,
        outcome: 'running',
        startedAtMs: now(),
      };
      requests.push(entry);
      units += sizeOf(request);
      while (requests.length > MAX_ENTRIES || (units > MAX_PROMPT_UNITS && requests.length > 1)) {
        const forgotten = requests.shift();
        if (forgotten) units -= sizeOf(forgotten.body);
      }
      return entry;
    },
    end(entry, outcome) {
      if (entry.outcome !== 'running') return;
      entry.outcome = outcome;
      entry.endedAtMs = now();
    },
    snapshot: () => ({ count, requests: [...requests] }),
    clear() {
      requests = [];
      count = 0;
      units = 0;
    },
  };
}

function sizeOf(request: ChatCompletionRequest): number {
  return request.messages.reduce(
    (sum, { content }) =>
      sum + (typeof content === 'string' ? content.length : JSON.stringify(content ?? '').length),
    0,
  );
}
