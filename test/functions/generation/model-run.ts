import type { RequestListener } from 'node:http';
import { afterEach } from 'vitest';
import { createCompletions, type IdleLimits } from '../../../functions/generation/completions.ts';
import { createOpenAiModel } from '../../../functions/generation/openai-model.ts';
import type { ModelEvent, ModelMessage } from '../../../functions/generation/stream.ts';
import type { GenerationConfig } from '../../../functions/service/config.ts';
import { isChatError, type ChatError } from '../../../protocol/errors.ts';
import { CONFIG } from '../chat-fixture.ts';
import { startHttpServer, type HttpServer } from '../http-server.ts';

/** Starts model servers for the tests of a file, each closed after its test; answers a base URL. */
export function useServers(): (listener: RequestListener) => Promise<string> {
  const servers: HttpServer[] = [];
  afterEach(async () => {
    for (const server of servers.splice(0)) await server.close();
  });
  return async (listener) => {
    const server = await startHttpServer(listener);
    servers.push(server);
    return `${server.url}/v1`;
  };
}

/** A conversation of one question. */
export const ask = (content: string): ModelMessage[] => [{ role: 'user', content }];

/** Patience that tests of silence can wait for; a busy machine answers within it. */
export const SHORT_IDLE = { idleMs: 400, reasoningIdleMs: 4_000 };

/** A chunk on OpenAI's wire. */
export const chunk = (delta: object, finish: string | null = null) => ({
  choices: [{ index: 0, delta, finish_reason: finish }],
});

/** What a run is given besides its configuration. */
export interface ModelRunOptions {
  readonly model?: string | null;
  readonly signal?: AbortSignal;
  readonly timeLeftMs?: number;
  readonly onEvent?: (event: ModelEvent) => void;
  /** @defaultValue what is deployed */
  readonly idle?: IdleLimits;
}

/** One model run to its end: what it emitted, with which models, and how it failed. */
export async function runModel(
  messages: readonly ModelMessage[],
  config: Partial<GenerationConfig>,
  options: ModelRunOptions = {},
) {
  const whole = { ...CONFIG, ...config };
  const model = createOpenAiModel(whole, createCompletions(whole, options.idle));
  const events: ModelEvent[] = [];
  const models: string[] = [];
  let error: ChatError | undefined;
  try {
    const stream = model.stream({
      messages,
      model: options.model ?? null,
      signal: options.signal ?? new AbortController().signal,
      deadlineAt: Date.now() + (options.timeLeftMs ?? 60_000),
      onModel: (name) => models.push(name),
    });
    for await (const event of stream) {
      events.push(event);
      options.onEvent?.(event);
    }
  } catch (caught) {
    if (!isChatError(caught)) throw caught;
    error = caught;
  }
  const text = (part: 'TEXT' | 'REASONING') =>
    events.map((event) => (event.kind === 'delta' && event.part === part ? event.text : '')).join('');
  return { events, models, error, text: text('TEXT'), reasoning: text('REASONING') };
}
