import * as v from 'valibot';
import { ChatError } from '../../../protocol/errors.ts';
import type { CompletionFields } from '../../generation/completions.ts';

/** What the model is asked besides `messages`; handed on as it is where the answer is not stored. */
const FIELDS = {
  frequency_penalty: v.nullish(v.number()),
  logit_bias: v.nullish(v.record(v.string(), v.number())),
  logprobs: v.nullish(v.boolean()),
  parallel_tool_calls: v.nullish(v.boolean()),
  prediction: v.nullish(v.looseObject({})),
  presence_penalty: v.nullish(v.number()),
  prompt_cache_key: v.nullish(v.string()),
  prompt_cache_options: v.nullish(v.looseObject({})),
  prompt_cache_retention: v.nullish(v.string()),
  reasoning_effort: v.nullish(v.string()),
  response_format: v.nullish(v.looseObject({ type: v.string() })),
  safety_identifier: v.nullish(v.string()),
  seed: v.nullish(v.pipe(v.number(), v.integer())),
  stop: v.nullish(v.union([v.string(), v.array(v.string())])),
  temperature: v.nullish(v.number()),
  tool_choice: v.nullish(v.union([v.string(), v.looseObject({ type: v.string() })])),
  tools: v.nullish(v.array(v.looseObject({ type: v.string() }))),
  top_logprobs: v.nullish(v.pipe(v.number(), v.integer())),
  top_p: v.nullish(v.number()),
  user: v.nullish(v.string()),
  verbosity: v.nullish(v.string()),
};

const tokens = v.nullish(v.pipe(v.number(), v.integer(), v.minValue(1)));
const roles = v.picklist(['developer', 'system', 'user', 'assistant', 'tool', 'function']);

const body = v.strictObject({
  model: v.pipe(v.string(), v.minLength(1)),
  messages: v.pipe(v.array(v.looseObject({ role: roles })), v.minLength(1)),
  stream: v.nullish(v.boolean()),
  stream_options: v.nullish(
    v.strictObject({ include_usage: v.nullish(v.boolean()), include_obfuscation: v.nullish(v.boolean()) }),
  ),
  max_tokens: tokens,
  max_completion_tokens: tokens,
  // What SDKs send as a matter of course; every other value asks for what this door cannot do.
  modalities: v.nullish(v.strictTuple([v.literal('text')])),
  n: v.nullish(v.literal(1)),
  service_tier: v.nullish(v.picklist(['auto', 'default'])),
  store: v.nullish(v.literal(false)),
  ...FIELDS,
});

/** A request of `POST /v1/chat/completions`. */
export interface CompletionRequest {
  readonly model: string;
  readonly isStreamed: boolean;
  readonly includesUsage: boolean;
  readonly maxTokens: number | undefined;
  /** `messages` and all that shapes the answer. */
  readonly fields: CompletionFields;
}

/** Names the parameter that is wrong, as OpenAI's errors do; the cause of an INVALID_INPUT. */
export class WrongParameter extends Error {
  override readonly name = 'WrongParameter';
  readonly param: string;

  constructor(param: string) {
    super(`The parameter ${param} is not valid here`);
    this.param = param;
  }
}

/** INVALID_INPUT that names its parameter. */
export function wrongParameter(param: string): ChatError {
  return new ChatError('INVALID_INPUT', { cause: new WrongParameter(param) });
}

/**
 * Reads the body. Like OpenAI it refuses fields that it does not know, and those that it cannot honour (`n` above 1, `store`,
 * audio …): INVALID_INPUT that names the field. A model that is not configured is MODEL_NOT_ALLOWED. What a message or a tool
 * holds is the model's to check.
 */
export function completionRequest(json: unknown, models: readonly string[]): CompletionRequest {
  const parsed = v.safeParse(body, json);
  if (!parsed.success) {
    const key = parsed.issues[0].path?.[0]?.key;
    throw typeof key === 'string' ? wrongParameter(key) : new ChatError('INVALID_INPUT');
  }
  const given = parsed.output;
  if (given.max_tokens && given.max_completion_tokens) throw wrongParameter('max_tokens');
  if (!models.includes(given.model))
    throw new ChatError('MODEL_NOT_ALLOWED', { cause: new WrongParameter('model') });
  const fields = Object.keys(FIELDS).flatMap((name) => {
    const value = given[name as keyof typeof FIELDS];
    return value === null || value === undefined ? [] : [[name, value] as const];
  });
  return {
    model: given.model,
    isStreamed: given.stream ?? false,
    includesUsage: given.stream_options?.include_usage ?? false,
    maxTokens: given.max_completion_tokens ?? given.max_tokens ?? undefined,
    fields: { messages: given.messages, ...Object.fromEntries(fields) } as unknown as CompletionFields,
  };
}

const textPart = v.strictObject({ type: v.literal('text'), text: v.string() });
const userContent = v.union([v.string(), v.array(textPart)]);

/**
 * The text of the last user message, which is all that a stored conversation takes of a body: its text parts joined. What
 * only tunes an answer (sampling, limits, effort, caching) is ignored, because frameworks always send it and the
 * configuration decides. Throws INVALID_INPUT that names the field when the body does not end in a user message, when that
 * holds anything but text, and when the body asks for what a stored answer is not: ignoring that would answer something else.
 */
export function storedText({ fields }: CompletionRequest): string {
  const { messages, tools, tool_choice, response_format: format, logprobs, top_logprobs, stop } = fields;
  const response_format = format?.type === 'text' ? undefined : format;
  const refused = {
    tools,
    tool_choice,
    response_format,
    logprobs: logprobs || undefined,
    top_logprobs,
    stop,
  };
  for (const [name, value] of Object.entries(refused)) if (value !== undefined) throw wrongParameter(name);
  const last = messages.at(-1);
  const content = v.safeParse(userContent, last?.role === 'user' ? last.content : undefined);
  if (!content.success) throw wrongParameter('messages');
  const given = content.output;
  return typeof given === 'string' ? given : given.map((part) => part.text).join('');
}
