import type { ChatCompletion, ChatCompletionChunk } from 'openai/resources/chat/completions';

type ToolCallDelta = ChatCompletionChunk.Choice.Delta.ToolCall;
type ToolCall = NonNullable<ChatCompletion.Choice['message']['tool_calls']>[number];
type Logprobs = NonNullable<ChatCompletion.Choice['logprobs']>;

/** Puts the chunks of one answer together to what OpenAI answers without streaming. */
export class CompletionAssembler {
  #head: Pick<ChatCompletion, 'id' | 'created' | 'model'> | undefined;
  #rest: Pick<ChatCompletion, 'service_tier' | 'system_fingerprint' | 'usage'> = {};
  #content: string | null = null;
  #refusal: string | null = null;
  #logprobs: Logprobs | null = null;
  #finishReason: ChatCompletion.Choice['finish_reason'] = 'stop';
  readonly #toolCalls = new Map<number, ToolCallDelta>();

  /** Adds the next chunk, as `knownChunk` leaves it. */
  add(chunk: ChatCompletionChunk): void {
    this.#head ??= { id: chunk.id, created: chunk.created, model: chunk.model };
    const { service_tier: tier, system_fingerprint: fingerprint, usage } = chunk;
    if (tier) this.#rest.service_tier = tier;
    if (fingerprint) this.#rest.system_fingerprint = fingerprint;
    if (usage) this.#rest.usage = usage;
    const [choice] = chunk.choices;
    if (!choice) return;
    const { content, refusal, tool_calls: calls = [] } = choice.delta;
    if (typeof content === 'string') this.#content = (this.#content ?? '') + content;
    if (typeof refusal === 'string') this.#refusal = (this.#refusal ?? '') + refusal;
    for (const call of calls) this.#addToolCall(call);
    if (choice.logprobs) this.#addLogprobs(choice.logprobs);
    if (choice.finish_reason) this.#finishReason = choice.finish_reason;
  }

  /** The answer so far. */
  completion(): ChatCompletion {
    const calls = [...this.#toolCalls].sort(([a], [b]) => a - b).map(([, call]) => wholeToolCall(call));
    return {
      ...(this.#head ?? { id: '', created: 0, model: '' }),
      object: 'chat.completion',
      choices: [
        {
          index: 0,
          message: {
            role: 'assistant',
            // Some models begin a tool call with an empty text, where OpenAI answers none.
            content: calls.length > 0 ? this.#content || null : this.#content,
            refusal: this.#refusal,
            ...(calls.length > 0 ? { tool_calls: calls } : {}),
          },
          logprobs: this.#logprobs,
          finish_reason: this.#finishReason,
        },
      ],
      ...this.#rest,
    };
  }

  #addToolCall({ index, id, type, function: called, custom }: ToolCallDelta): void {
    const known = this.#toolCalls.get(index) ?? { index };
    if (id) known.id = id;
    if (type) known.type = type;
    if (called) {
      const { name = '', arguments: given = '' } = known.function ?? {};
      known.function = { name: name + (called.name ?? ''), arguments: given + (called.arguments ?? '') };
    }
    if (custom) {
      const { name = '', input = '' } = known.custom ?? {};
      known.custom = { name: name + (custom.name ?? ''), input: input + (custom.input ?? '') };
    }
    this.#toolCalls.set(index, known);
  }

  #addLogprobs({ content, refusal }: Logprobs): void {
    const before = this.#logprobs ?? { content: null, refusal: null };
    this.#logprobs = {
      content: content ? [...(before.content ?? []), ...content] : before.content,
      refusal: refusal ? [...(before.refusal ?? []), ...refusal] : before.refusal,
    };
  }
}

function wholeToolCall({ id = '', function: called, custom }: ToolCallDelta): ToolCall {
  if (custom) return { id, type: 'custom', custom: { name: custom.name ?? '', input: custom.input ?? '' } };
  return {
    id,
    type: 'function',
    function: { name: called?.name ?? '', arguments: called?.arguments ?? '' },
  };
}
