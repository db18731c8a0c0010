import { buildTextCompletion, type ChatCompletionRequest } from '@copilotkit/aimock';

/** What identifies one answer on the wire: the same in each of its chunks. */
export interface AnswerIdentity {
  id: string;
  created: number;
  model: string;
}

type FinishReason = 'stop' | 'length' | 'tool_calls' | null;

/** Builds the `data:` events of one streamed answer in OpenAI's framing; each returned string is one event, ready to be written. */
export interface ChatEvents {
  /** The first chunk; an answer that calls a tool has no text. */
  role(content: '' | null): string;
  delta(content: string): string;
  /** Begins the one tool call of an answer. */
  toolCall(name: string): string;
  toolArguments(text: string): string;
  finish(reason: FinishReason): string;
  usage(usage: Usage): string;
  done(): string;
}

/** OpenAI's token counts of one answer. */
export interface Usage {
  prompt_tokens: number;
  completion_tokens: number;
  total_tokens: number;
}

/** Creates the event builder; with `includeUsage` every chunk before the usage chunk says `"usage":null`, as OpenAI's do. */
export function chatEvents(identity: AnswerIdentity, includeUsage: boolean): ChatEvents {
  const usage = includeUsage ? { usage: null } : {};
  const chunk = (delta: object, reason: FinishReason): string =>
    event({ choices: [{ index: 0, delta, logprobs: null, finish_reason: reason }], ...usage });
  const event = (rest: object): string =>
    `data: ${JSON.stringify({ id: identity.id, object: 'chat.completion.chunk', created: identity.created, model: identity.model, ...rest })}\n\n`;
  return {
    role: (content) => chunk({ role: 'assistant', content }, null),
    delta: (content) => chunk({ content }, null),
    toolCall: (name) => chunk({ tool_calls: [{ index: 0, ...toolCallOf(identity, name, '') }] }, null),
    toolArguments: (text) => chunk({ tool_calls: [{ index: 0, function: { arguments: text } }] }, null),
    finish: (reason) => chunk({}, reason),
    usage: (counts) => event({ choices: [], usage: counts }),
    done: () => 'data: [DONE]\n\n',
  };
}

function toolCallOf(identity: AnswerIdentity, name: string, given: string) {
  const id = identity.id.replace('chatcmpl-', 'call_');
  return { id, type: 'function', function: { name, arguments: given } };
}

/** Counts an answer: output tokens are exact (one a delta), input tokens an estimate of four characters each, at least one. */
export function usageOf(request: ChatCompletionRequest, outputTokens: number): Usage {
  const promptUnits = request.messages.reduce((sum, { content }) => sum + (content?.length ?? 0), 0);
  const inputTokens = Math.max(1, Math.ceil(promptUnits / 4));
  return {
    prompt_tokens: inputTokens,
    completion_tokens: outputTokens,
    total_tokens: inputTokens + outputTokens,
  };
}

/** What an answer says: text, or the arguments of a call of `tool`. */
export interface Said {
  text: string;
  tool?: string | undefined;
}

/** Builds the body of an answer that does not stream. A truncated one has the finish reason null, which OpenAI never sends. */
export function chatCompletion(
  identity: AnswerIdentity,
  { text, tool }: Said,
  usage: Usage,
  reason: FinishReason,
): string {
  const completion = buildTextCompletion(text, identity.model, undefined, {
    ...identity,
    usage: { ...usage },
  });
  const called = tool !== undefined && { content: null, tool_calls: [toolCallOf(identity, tool, text)] };
  const choices = completion.choices.map((choice) => ({
    ...choice,
    message: { ...choice.message, ...called },
    finish_reason: reason,
  }));
  return JSON.stringify({ ...completion, choices });
}

const ERROR_CODES: Partial<Record<number, { type: string; code: string | null }>> = {
  401: { type: 'invalid_request_error', code: 'invalid_api_key' },
  404: { type: 'invalid_request_error', code: 'model_not_found' },
  429: { type: 'requests', code: 'rate_limit_exceeded' },
};

/** Builds OpenAI's error body for a status. */
export function errorBody(status: number, message: string): string {
  const known = ERROR_CODES[status] ?? {
    type: status < 500 ? 'invalid_request_error' : 'server_error',
    code: null,
  };
  return JSON.stringify({ error: { message, type: known.type, param: null, code: known.code } });
}
