import { setTimeout as delay } from 'node:timers/promises';
import { ChatError, type ErrorCode } from '../../client/index.ts';
import { Stuck } from './within.ts';

/** Whom to ask over HTTP, as whom. */
export interface HttpDoorOptions {
  /** Without a trailing slash. */
  readonly httpUrl: string;
  readonly headers: () => Promise<Readonly<Record<string, string>>>;
  /** Before what failed is tried again. @defaultValue 500 */
  readonly pauseMs?: number;
}

/** One request. */
export interface HttpRequest {
  readonly method?: 'POST';
  readonly body?: object;
  readonly lastEventId?: string;
}

/** An answer whose body is not read yet; `leave` breaks the connection. */
export interface OpenAnswer {
  readonly response: Response;
  readonly leave: () => void;
}

const PAUSE_MS = 500;
/** The door answers or is taken for dead: a worker may stand still for 23 s, and others may be waited for before it. */
const ANSWER_WITHIN_MS = 60_000;

/** Whether a request or its body broke on the way: by the other side, or by leaving. */
export function isBroken(error: unknown): boolean {
  return error instanceof TypeError || (error as Error).name === 'AbortError';
}

/** The HTTP door as a plain client uses it: what fails and may be repeated is repeated. */
export class HttpDoor {
  readonly #options: HttpDoorOptions;

  constructor(options: HttpDoorOptions) {
    this.#options = options;
  }

  /** Asks until the door answers; `gone` when it answers NOT_FOUND. @throws Stuck at the deadline, ChatError for a refusal */
  async ask(path: string, request: HttpRequest, deadline: number): Promise<OpenAnswer | 'gone'> {
    for (;;) {
      const answer = await this.#askOnce(path, request);
      if (answer) return answer;
      if (Date.now() > deadline) throw new Stuck(`${request.method ?? 'GET'} ${path} is not answered`);
      await this.pause();
    }
  }

  /** Asks until there is a whole JSON body: what is asked has to be harmless when repeated. As `ask` in all else. */
  async json(path: string, request: HttpRequest, deadline: number): Promise<unknown> {
    for (;;) {
      const answer = await this.ask(path, request, deadline);
      if (answer === 'gone') return answer;
      try {
        return await answer.response.json();
      } catch (error) {
        if (!isBroken(error)) throw error;
      }
      await this.pause();
    }
  }

  /** What everybody waits before something is tried again. */
  pause(): Promise<void> {
    return delay(this.#options.pauseMs ?? PAUSE_MS);
  }

  async #askOnce(
    path: string,
    { method, body, lastEventId }: HttpRequest,
  ): Promise<OpenAnswer | 'gone' | undefined> {
    const { httpUrl, headers } = this.#options;
    const leaving = new AbortController();
    const leave = () => leaving.abort();
    const late = setTimeout(leave, ANSWER_WITHIN_MS);
    try {
      const response = await fetch(`${httpUrl}${path}`, {
        method: method ?? 'GET',
        headers: {
          ...(await headers()),
          ...(body && { 'content-type': 'application/json' }),
          ...(lastEventId && { 'last-event-id': lastEventId }),
        },
        ...(body && { body: JSON.stringify(body) }),
        signal: leaving.signal,
      });
      if (response.ok) return { response, leave };
      const text = await response.text();
      if (response.status === 429 || response.status >= 500) return undefined;
      const { code } = (JSON.parse(text) as { error: { code: ErrorCode } }).error;
      if (code === 'NOT_FOUND') return 'gone';
      throw new ChatError(code, { cause: new Error(`${path} answers ${response.status}`) });
    } catch (error) {
      if (isBroken(error)) return undefined;
      throw error;
    } finally {
      clearTimeout(late);
    }
  }
}
