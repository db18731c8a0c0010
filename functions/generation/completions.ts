import { setTimeout as delay } from 'node:timers/promises';
import OpenAI from 'openai';
import { bedrock } from 'openai/providers/bedrock/aws';
import type {
  ChatCompletionChunk,
  ChatCompletionCreateParamsStreaming,
} from 'openai/resources/chat/completions';
import { ChatError } from '../../protocol/errors.ts';
import { MODEL_IDLE_MS, MODEL_IDLE_REASONING_MS } from '../../protocol/limits.ts';
import type { GenerationConfig } from '../service/config.ts';
import { systemClock, type Clock } from './clock.ts';
import { withIdleTimeout } from './idle.ts';
import { toModelError } from './model-errors.ts';
import { firstTry, nextTry } from './model-tries.ts';

/** What a request says besides its model and what every request of ours says. */
export type CompletionFields = Omit<
  ChatCompletionCreateParamsStreaming,
  'model' | 'stream' | 'stream_options' | 'max_tokens' | 'max_completion_tokens'
>;

/** One run of a model. */
export interface CompletionRun {
  readonly fields: CompletionFields;
  /** The model that is asked first. */
  readonly model: string;
  /** Most output tokens; the configured limit holds where it is lower. */
  readonly maxTokens?: number | undefined;
  /** Aborting it stops the request upstream. */
  readonly signal: AbortSignal;
  /** Epoch milliseconds until which an answer is of use: no wait for a busy model passes it. */
  readonly deadlineAt: number;
  /** Told which model is asked, before its first chunk; again when another request follows a failed one. */
  readonly onModel?: (model: string) => void;
}

/** Chat Completions of the configured models. */
export interface Completions {
  /**
   * The chunks of one answer, usage at their end. While nothing was written (text, reasoning, a tool call), a retryable
   * failure is followed by one retry and by the configured fallback models, as `nextTry` decides; so an answer is never made
   * of two. Afterwards every failure ends the run. Throws ChatError of stage `upstream`; a clean end without finish_reason is
   * UPSTREAM_TRUNCATED, because the package takes it for success.
   */
  stream(run: CompletionRun): AsyncGenerator<ChatCompletionChunk, void, undefined>;
}

/** Longest silence of a model between chunks, in milliseconds. */
export interface IdleLimits {
  readonly idleMs: number;
  /** For models that think before they write. */
  readonly reasoningIdleMs: number;
}

const IDLE_LIMITS: IdleLimits = { idleMs: MODEL_IDLE_MS, reasoningIdleMs: MODEL_IDLE_REASONING_MS };

/** Providers that show reasoning name it `reasoning_content` or `reasoning`; the package types neither. */
export function reasoningOf(delta: object): string {
  const { reasoning_content: content, reasoning } = delta as {
    reasoning_content?: unknown;
    reasoning?: unknown;
  };
  if (typeof content === 'string') return content;
  return typeof reasoning === 'string' ? reasoning : '';
}

/** Whether a chunk carries anything of an answer, its end included; a role or an empty delta does not. */
function isWritten({ choices: [choice] }: ChatCompletionChunk): boolean {
  if (!choice) return false;
  const { content, refusal, tool_calls: toolCalls } = choice.delta;
  return Boolean(
    content || refusal || toolCalls?.length || reasoningOf(choice.delta) !== '' || choice.finish_reason,
  );
}

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

/** Chat Completions over the openai package. */
export function createCompletions(
  config: GenerationConfig,
  idle: IdleLimits = IDLE_LIMITS,
  clock: Clock = systemClock,
): Completions {
  const client = createClient(config);
  const isOpenAi = config.provider === 'openai' && config.baseUrl === undefined;

  function paramsOf(
    { fields, maxTokens }: CompletionRun,
    model: string,
  ): ChatCompletionCreateParamsStreaming {
    const limits = [maxTokens, config.maxOutputTokens].filter((limit) => limit !== undefined);
    return {
      ...fields,
      model,
      stream: true,
      stream_options: { include_usage: true, ...(isOpenAi ? { include_obfuscation: false } : {}) },
      ...(limits.length === 0
        ? {}
        : { [isOpenAi ? 'max_completion_tokens' : 'max_tokens']: Math.min(...limits) }),
    };
  }

  async function* streamOnce(
    run: CompletionRun,
    model: string,
  ): AsyncGenerator<ChatCompletionChunk, void, undefined> {
    const request = new AbortController();
    const abort = () => request.abort();
    run.signal.addEventListener('abort', abort, { once: true });
    if (run.signal.aborted) abort();
    const idleMs = config.reasoningModels.includes(model) ? idle.reasoningIdleMs : idle.idleMs;
    let isFinished = false;
    try {
      const chunks = await client.chat.completions.create(paramsOf(run, model), {
        signal: request.signal,
        timeout: idleMs,
      });
      for await (const chunk of withIdleTimeout(chunks, idleMs, abort)) {
        const choice: Partial<ChatCompletionChunk.Choice> | undefined = chunk.choices[0];
        // Some providers leave it out of the last chunk.
        if (choice) choice.delta ??= {};
        isFinished ||= Boolean(choice?.finish_reason);
        yield chunk;
      }
      if (!isFinished) throw new ChatError('UPSTREAM_TRUNCATED');
    } catch (error) {
      // The answer is whole once finish_reason came: what breaks behind it costs only the usage figures.
      if (!isFinished) throw toModelError(error, clock.now());
    } finally {
      run.signal.removeEventListener('abort', abort);
      abort();
    }
  }

  return {
    async *stream(run) {
      const { signal, deadlineAt, onModel } = run;
      let tries = firstTry(run.model, config.fallbackModels);
      for (;;) {
        // Kept until something was written: what begins an answer that fails may not stand before another one.
        let held: ChatCompletionChunk[] | undefined = [];
        try {
          onModel?.(tries.model);
          for await (const chunk of streamOnce(run, tries.model)) {
            if (held && !isWritten(chunk)) {
              held.push(chunk);
              continue;
            }
            yield* held ?? [];
            held = undefined;
            yield chunk;
          }
          return;
        } catch (error) {
          const now = clock.now();
          const failure = toModelError(error, now);
          const next = !held || signal.aborted ? undefined : nextTry(tries, failure, deadlineAt - now);
          if (!next) throw failure;
          if (next.waitMs > 0) await delay(next.waitMs, undefined, { signal }).catch(() => undefined);
          if (signal.aborted) throw failure;
          tries = next.tries;
        }
      }
    },
  };
}
