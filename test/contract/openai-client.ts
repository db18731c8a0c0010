import OpenAI from 'openai';
import { callerOf, modelRequests, type Caller } from './api.ts';
import type { LocalTarget } from './target.ts';

/** A request with one question to the offline model. */
export const ask = (content: string) => ({
  model: 'offline',
  messages: [{ role: 'user' as const, content }],
});

/** The published client on a stack, and what to hold it against. */
export function openAiOn(target: () => LocalTarget) {
  return {
    /** Alice over GraphQL. */
    caller: async (): Promise<Caller> => callerOf(target(), { token: await target().token('alice') }),
    /** With nothing but its base URL and its key changed; Alice's, and without retries, unless told otherwise. */
    client: async (options: ConstructorParameters<typeof OpenAI>[0] & object = {}) =>
      new OpenAI({
        apiKey: await target().token('alice'),
        baseURL: `${target().httpUrl}/v1`,
        maxRetries: 0,
        ...options,
      }),
    journalled: (prompt: string) => modelRequests(target(), prompt),
  };
}

/** Keeps what the wire carries while the client reads it. */
export function tapped() {
  const bodies: Promise<string>[] = [];
  const responses: Response[] = [];
  return {
    responses,
    bodies,
    fetch: async (...given: Parameters<typeof fetch>) => {
      const response = await fetch(...given);
      responses.push(response);
      const body = response.clone().text();
      // A client that leaves breaks its body, whether or not a test reads it.
      body.catch(() => undefined);
      bodies.push(body);
      return response;
    },
  };
}
