import type { ChatCompletionChunk } from 'openai/resources/chat/completions';
import type { CompletionUsage } from 'openai/resources/completions';

type Choice = ChatCompletionChunk.Choice;
type ToolCall = ChatCompletionChunk.Choice.Delta.ToolCall;

/** The properties of `value` that OpenAI's schema names; absent ones stay absent. */
function pick<Value extends object, Key extends keyof Value>(
  value: Value,
  ...keys: readonly Key[]
): Pick<Value, Key> {
  const known = keys.filter((key) => value[key] !== undefined).map((key) => [key, value[key]] as const);
  return Object.fromEntries(known) as Pick<Value, Key>;
}

function knownToolCall(call: ToolCall): ToolCall {
  return {
    ...pick(call, 'index', 'id', 'type'),
    ...(call.function ? { function: pick(call.function, 'name', 'arguments') } : {}),
    ...(call.custom ? { custom: pick(call.custom, 'name', 'input') } : {}),
  };
}

function knownChoice(choice: Choice): Choice {
  const { delta } = choice;
  return {
    index: choice.index,
    delta: {
      ...pick(delta, 'role', 'content', 'refusal'),
      ...(delta.tool_calls ? { tool_calls: delta.tool_calls.map(knownToolCall) } : {}),
    },
    ...(choice.logprobs === undefined
      ? {}
      : { logprobs: choice.logprobs && pick(choice.logprobs, 'content', 'refusal') }),
    finish_reason: choice.finish_reason ?? null,
  };
}

function knownUsage(usage: CompletionUsage): CompletionUsage {
  const { completion_tokens_details: output, prompt_tokens_details: input } = usage;
  return {
    ...pick(usage, 'prompt_tokens', 'completion_tokens', 'total_tokens'),
    ...(input ? { prompt_tokens_details: pick(input, 'audio_tokens', 'cached_tokens') } : {}),
    ...(output
      ? {
          completion_tokens_details: pick(
            output,
            'accepted_prediction_tokens',
            'audio_tokens',
            'reasoning_tokens',
            'rejected_prediction_tokens',
          ),
        }
      : {}),
  };
}

/**
 * A model's chunk with the keys that OpenAI's schema knows: providers add their own, `reasoning_content` for one, and strict
 * readers refuse them. Undefined for a chunk that then says nothing. Without `includesUsage` nothing of usage stays, because
 * readers that did not ask for it take every chunk to have a choice.
 */
export function knownChunk(
  chunk: ChatCompletionChunk,
  includesUsage: boolean,
): ChatCompletionChunk | undefined {
  const choices = chunk.choices.slice(0, 1).map(knownChoice);
  const [choice] = choices;
  const isSaying = choice && (Object.keys(choice.delta).length > 0 || choice.finish_reason !== null);
  const isCounting = includesUsage && Boolean(chunk.usage);
  if (!isSaying && !isCounting) return undefined;
  return {
    ...pick(chunk, 'id'),
    object: 'chat.completion.chunk',
    ...pick(chunk, 'created', 'model', 'service_tier', 'system_fingerprint'),
    choices,
    ...(includesUsage ? { usage: chunk.usage ? knownUsage(chunk.usage) : null } : {}),
  };
}
