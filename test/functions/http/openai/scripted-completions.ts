import type { ChatCompletionChunk } from 'openai/resources/chat/completions';
import type { CompletionRun, Completions } from '../../../../functions/generation/completions.ts';

/** What scripted completions do: give a text, a chunk as it is, wait for something, or fail. */
export type CompletionStep = string | object | Error | (() => Promise<void> | void);

/** A chunk as OpenAI sends it. */
export const chunkOf = (delta: object, finishReason: string | null = null, rest: object = {}) =>
  ({
    id: 'chatcmpl-1',
    object: 'chat.completion.chunk',
    created: 1_893_456_000,
    model: 'first',
    choices: [{ index: 0, delta, logprobs: null, finish_reason: finishReason }],
    ...rest,
  }) as ChatCompletionChunk;

export const STOPPED = chunkOf({}, 'stop');
export const USAGE = chunkOf({}, null, {
  choices: [],
  usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 },
});

/** Completions that follow a script; they end when their signal aborts, as the package's do. */
export function scriptedCompletions(
  ...steps: readonly CompletionStep[]
): Completions & { readonly runs: CompletionRun[] } {
  const runs: CompletionRun[] = [];
  return {
    runs,
    async *stream(run) {
      runs.push(run);
      const aborted = new Promise<void>((resolve) =>
        run.signal.addEventListener('abort', () => resolve(), { once: true }),
      );
      for (const step of steps) {
        if (typeof step === 'function') await Promise.race([step(), aborted]);
        else if (step instanceof Error) throw step;
        else yield typeof step === 'string' ? chunkOf({ content: step }) : (step as ChatCompletionChunk);
        if (run.signal.aborted) throw new Error('aborted');
      }
    },
  };
}

/** The data lines of an SSE body. */
export const dataOf = (body: string) =>
  body
    .split('\n')
    .filter((line) => line.startsWith('data: '))
    .map((line) => line.slice(6));

/** A request body with one question. */
export const ask = (rest: object = {}) => ({
  model: 'first',
  messages: [{ role: 'user', content: 'hi' }],
  ...rest,
});
