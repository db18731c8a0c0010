import type { ChatCompletionChunk } from 'openai/resources/chat/completions';
import type { Usage } from '../../protocol/generated/schema-types.ts';
import type { GenerationConfig } from '../service/config.ts';
import { createCompletions, reasoningOf, type Completions } from './completions.ts';
import type { Model, ModelEvent } from './stream.ts';

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

/** The model of a generation over Chat Completions, by the rules of `Completions`. */
export function createOpenAiModel(
  config: GenerationConfig,
  completions: Completions = createCompletions(config),
): Model {
  return {
    async *stream({ messages, model, ...run }) {
      const fields = { messages: messages.map((message) => ({ ...message })) };
      const first = model ?? config.models[0] ?? '';
      for await (const chunk of completions.stream({ fields, model: first, ...run })) yield* eventsOf(chunk);
    },
  };
}
