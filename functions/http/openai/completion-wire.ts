import type { ChatCompletion } from 'openai/resources/chat/completions';
import type { CompletionUsage } from 'openai/resources/completions';
import type { EndReason, Usage } from '../../../protocol/generated/schema-types.ts';
import type { AssistantMessageItem } from '../../../protocol/items.ts';

/** What every chunk and completion of a stored answer begins with. */
export function completionHead(
  message: AssistantMessageItem,
): Pick<ChatCompletion, 'id' | 'created' | 'model'> {
  return {
    id: `chatcmpl-${message.id}`,
    created: Math.floor(Date.parse(message.createdAt) / 1000),
    model: message.model ?? '',
  };
}

/** OpenAI's finish reason of an answer without error; a cancelled one stopped. */
export function finishReasonOf(reason: EndReason): ChatCompletion.Choice['finish_reason'] {
  if (reason === 'LENGTH') return 'length';
  return reason === 'CONTENT_FILTER' ? 'content_filter' : 'stop';
}

/** The receipt's usage as OpenAI counts. */
export function usageOf(usage: Usage | null | undefined): CompletionUsage {
  const { inputTokens = 0, outputTokens = 0, cachedInputTokens, reasoningTokens } = usage ?? {};
  return {
    prompt_tokens: inputTokens,
    completion_tokens: outputTokens,
    total_tokens: inputTokens + outputTokens,
    ...(typeof cachedInputTokens === 'number'
      ? { prompt_tokens_details: { cached_tokens: cachedInputTokens } }
      : {}),
    ...(typeof reasoningTokens === 'number'
      ? { completion_tokens_details: { reasoning_tokens: reasoningTokens } }
      : {}),
  };
}

/** A stored answer that ended without error, its text whole, as OpenAI answers without streaming. */
export function storedCompletion(message: AssistantMessageItem): ChatCompletion {
  return {
    ...completionHead(message),
    object: 'chat.completion',
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: message.text, refusal: null },
        logprobs: null,
        finish_reason: finishReasonOf(message.end?.reason ?? 'STOP'),
      },
    ],
    usage: usageOf(message.end?.usage),
  };
}
