import { getTextContent, type ChatCompletionRequest, type ChatMessage } from '@copilotkit/aimock';
import { CONTINUE_INSTRUCTION } from '../../protocol/continue-instruction.ts';
import type { Question } from './answer.ts';

/** A Chat Completions request that was understood, or the reason for a 400 in OpenAI's words. */
export type ParsedChatRequest =
  | { ok: true; request: ChatCompletionRequest; question: Question; includeUsage: boolean }
  | { ok: false; message: string };

/** Parses a request body. Content given as parts counts as its text parts joined; a conversation without user text asks ''. */
export function parseChatRequest(body: string): ParsedChatRequest {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return { ok: false, message: 'We could not parse the JSON body of your request.' };
  }
  if (!isRecord(value)) return { ok: false, message: 'The request body must be a JSON object.' };
  if (typeof value.model !== 'string' || value.model === '') {
    return { ok: false, message: 'you must provide a model parameter' };
  }
  if (!Array.isArray(value.messages) || !value.messages.every(isChatMessage)) {
    return { ok: false, message: "Missing required parameter: 'messages'." };
  }
  const request: ChatCompletionRequest = { ...value, model: value.model, messages: value.messages };
  return {
    ok: true,
    request,
    question: {
      ...questionOf(value.messages),
      maxTokens: positiveInteger(value.max_completion_tokens) ?? positiveInteger(value.max_tokens),
      tools: toolNames(value.tools),
    },
    includeUsage: request.stream === true && request.stream_options?.include_usage === true,
  };
}

/** The instruction to go on is no question of its own: it points back to the answer before it. */
function withoutInstruction(messages: ChatMessage[]): ChatMessage[] {
  const [answer, instruction] = messages.slice(-2);
  const isContinued = answer?.role === 'assistant' && textOf(instruction) === CONTINUE_INSTRUCTION;
  return isContinued ? messages.slice(0, -1) : messages;
}

function questionOf(given: ChatMessage[]): Question {
  const messages = withoutInstruction(given);
  const asked = messages.findLastIndex((message) => message.role === 'user');
  const answered = messages.slice(asked + 1).findLast((message) => message.role === 'assistant');
  const result = messages.slice(asked + 1).findLast((message) => message.role === 'tool');
  return {
    prompt: textOf(messages[asked]),
    answeredSoFar: textOf(answered),
    ...(result && { toolResult: textOf(result) }),
  };
}

function toolNames(tools: unknown): string[] {
  const functions = Array.isArray(tools) ? tools.map((tool) => isRecord(tool) && tool.function) : [];
  return functions.flatMap((given) =>
    isRecord(given) && typeof given.name === 'string' ? [given.name] : [],
  );
}

function textOf(message: ChatMessage | undefined): string {
  return (message && getTextContent(message.content)) ?? '';
}

function positiveInteger(value: unknown): number | undefined {
  return Number.isInteger(value) && Number(value) > 0 ? Number(value) : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isChatMessage(value: unknown): value is ChatMessage {
  return isRecord(value) && typeof value.role === 'string';
}
