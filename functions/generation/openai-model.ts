import { setTimeout as delay } from 'node:timers/promises';
import OpenAI from 'openai';
import { bedrock } from 'openai/providers/bedrock/aws';
import type { ChatCompletionChunk } from 'openai/resources/chat/completions';
import { ChatError } from '../../protocol/errors.ts';
import type { Usage } from '../../protocol/generated/schema-types.ts';
import { MODEL_IDLE_MS, MODEL_IDLE_REASONING_MS } from '../../protocol/limits.ts';
import type { GenerationConfig } from '../service/config.ts';
import { systemClock, type Clock } from './clock.ts';
import { withIdleTimeout } from './idle.ts';
import { toModelError } from './model-errors.ts';
import { firstTry, nextTry } from './model-tries.ts';
import type { Model, ModelEvent, ModelMessage } from './stream.ts';

const FINISH_REASONS: Record<string, Extract<ModelEvent, { kind: 'finish' }>['reason']> = {
  stop: 'STOP',
  length: 'LENGTH',
  content_filter: 'CONTENT_FILTER',
};

function usageOf(usage: NonNullable<ChatCompletionChunk['usage']>): Usage {
  return {
    inputTokens: usage.prompt_tokens,
    outputTokens: usage.completion_tokens,
    cachedInputTokens: usage.prompt_tokens_details?.cached_tokens ?? null,
    reasoningTokens: usage.completion_tokens_details?.reasoning_tokens ?? null,
    source: 'PROVIDER',
    costUsd: null,
  };
}

/** Providers that show reasoning name it `reasoning_content` or `reasoning`; the package types neither. */
function reasoningOf(delta: object): string {
  const { reasoning_content: content, reasoning } = delta as {
    reasoning_content?: unknown;
    reasoning?: unknown;
  };
  if (typeof content === 'string') return content;
  return typeof reasoning === 'string' ? reasoning : '';
}

function* eventsOf(chunk: ChatCompletionChunk): Generator<ModelEvent> {
  const choice = chunk.choices[0];
  if (choice) {
    const reasoning = reasoningOf(choice.delta);
    if (reasoning !== '') yield { kind: 'delta', part: 'REASONING', text: reasoning };
    if (choice.delta.content) yield { kind: 'delta', part: 'TEXT', text: choice.delta.content };
    if (choice.finish_reason)
      yield { kind: 'finish', reason: FINISH_REASONS[choice.finish_reason] ?? 'STOP' };
  }
  if (chunk.usage) yield { kind: 'usage', usage: usageOf(chunk.usage) };
}

/** Longest silence of a model between chunks, in milliseconds. */
export interface IdleLimits {
  readonly idleMs: number;
  /** For models that think before they write. */
  readonly reasoningIdleMs: number;
}

const IDLE_LIMITS: IdleLimits = { idleMs: MODEL_IDLE_MS, reasoningIdleMs: MODEL_IDLE_REASONING_MS };

/** The package's client: our own retries and idle timeout, so its are off. */
function createClient(config: GenerationConfig): OpenAI {
  const shared = { maxRetries: 0, timeout: MODEL_IDLE_REASONING_MS };
  // The endpoint the role is granted; named, because with a base URL of one's own the package infers none.
  if (config.provider === 'bedrock')
    return new OpenAI({ ...shared, provider: bedrock({ endpoint: 'mantle' }) });
  return new OpenAI({
    ...shared,
    apiKey: config.apiKey ?? 'none',
    ...(config.baseUrl === undefined ? {} : { baseURL: config.baseUrl }),
  });
}

/**
 * Chat Completions over the openai package. While neither text nor reasoning was emitted, a retryable failure is followed by
 * one retry and by the configured fallback models, as `nextTry` decides; so an answer is never made of two. Afterwards every
 * failure ends the run. A clean end without finish_reason is UPSTREAM_TRUNCATED, because the package takes it for success.
 */
export function createOpenAiModel(
  config: GenerationConfig,
  idle: IdleLimits = IDLE_LIMITS,
  clock: Clock = systemClock,
): Model {
  const client = createClient(config);

  async function* streamOnce(
    model: string,
    messages: readonly ModelMessage[],
    signal: AbortSignal,
  ): AsyncGenerator<ModelEvent, void, undefined> {
    const request = new AbortController();
    const abort = () => request.abort();
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    const idleMs = config.reasoningModels.includes(model) ? idle.reasoningIdleMs : idle.idleMs;
    let isFinished = false;
    try {
      const isOpenAi = config.provider === 'openai' && config.baseUrl === undefined;
      const limit = isOpenAi ? 'max_completion_tokens' : 'max_tokens';
      const chunks = await client.chat.completions.create(
        {
          model,
          messages: messages.map((message) => ({ ...message })),
          stream: true,
          stream_options: { include_usage: true, ...(isOpenAi ? { include_obfuscation: false } : {}) },
          ...(config.maxOutputTokens === undefined ? {} : { [limit]: config.maxOutputTokens }),
        },
        { signal: request.signal, timeout: idleMs },
      );
      for await (const chunk of withIdleTimeout(chunks, idleMs, abort)) {
        for (const event of eventsOf(chunk)) {
          isFinished ||= event.kind === 'finish';
          yield event;
        }
      }
      if (!isFinished) throw new ChatError('UPSTREAM_TRUNCATED');
    } catch (error) {
      // The answer is whole once finish_reason came: what breaks behind it costs only the usage figures.
      if (!isFinished) throw toModelError(error, clock.now());
    } finally {
      signal.removeEventListener('abort', abort);
      abort();
    }
  }

  return {
    async *stream({ messages, model, signal, deadlineAt, onModel }) {
      let tries = firstTry(model ?? config.models[0] ?? '', config.fallbackModels);
      for (;;) {
        let hasEmitted = false;
        try {
          onModel(tries.model);
          for await (const event of streamOnce(tries.model, messages, signal)) {
            hasEmitted ||= event.kind === 'delta';
            yield event;
          }
          return;
        } catch (error) {
          const now = clock.now();
          const failure = toModelError(error, now);
          const next = hasEmitted || signal.aborted ? undefined : nextTry(tries, failure, deadlineAt - now);
          if (!next) throw failure;
          if (next.waitMs > 0) await delay(next.waitMs, undefined, { signal }).catch(() => undefined);
          if (signal.aborted) throw failure;
          tries = next.tries;
        }
      }
    },
  };
}
