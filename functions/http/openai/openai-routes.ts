import type { Context } from 'hono';
import type { ChatCompletion } from 'openai/resources/chat/completions';
import type { ModelsPage } from 'openai/resources/models';
import { chat } from '../chat.ts';
import { chatInput, readJson } from '../chat-input.ts';
import {
  entered,
  jsonResponse,
  messageHeaders,
  SSE_TYPE,
  streamResponse,
  type AppEnvironment,
  type Routes,
} from '../door.ts';
import { errorOfEnd, FirstEventWriter } from '../first-event.ts';
import { WholeWriter } from '../whole-answer.ts';
import { ChunkWriter } from './chunk-writer.ts';
import { completionRequest, storedText, type CompletionRequest } from './completion-request.ts';
import { storedCompletion } from './completion-wire.ts';
import { SHOULD_RETRY } from './openai-error.ts';
import { streamedCompletion, wholeCompletion } from './pass-through.ts';

const COMPLETIONS = '/v1/chat/completions';
const MODELS = '/v1/models';

type Entered = Awaited<ReturnType<typeof entered>>;

/** OpenAI's Chat Completions (PROTOCOL.md, OpenAI dialect): stateless, or a turn of the conversation a header names. */
export const openAiRoutes: Routes = (app, ports) => {
  app.post(COMPLETIONS, async (c) => {
    const at = await entered(ports, c);
    const request = completionRequest(await readJson(c.req.raw), at.chatPorts.config.models);
    const conversationId = c.req.header('x-conversation-id');
    return conversationId === undefined
      ? passedThrough(at, request)
      : storedTurn(c, at, request, conversationId);
  });

  app.get(MODELS, async (c) => {
    const { requestId, chatPorts } = await entered(ports, c);
    const data = chatPorts.config.models.map((id) => ({
      ...{ id, object: 'model' as const, created: 0, owned_by: 'appsync-chat' },
    }));
    return jsonResponse({ object: 'list', data } satisfies Pick<ModelsPage, 'object' | 'data'>, requestId);
  });
};

async function passedThrough(
  { chatPorts, invocation, requestId }: Entered,
  request: CompletionRequest,
): Promise<Response> {
  if (!request.isStreamed)
    return jsonResponse(await wholeCompletion(chatPorts, invocation, request), requestId);
  const body = await streamedCompletion(chatPorts, invocation, request);
  return streamResponse({ contentType: SSE_TYPE, body }, requestId);
}

async function storedTurn(
  c: Context<AppEnvironment>,
  { owner, chatPorts, invocation, requestId }: Entered,
  request: CompletionRequest,
  conversationId: string,
): Promise<Response> {
  const { model, isStreamed, includesUsage } = request;
  const idempotencyKey = c.req.header('idempotency-key') ?? null;
  const given = { text: storedText(request), conversationId, model };
  const input = chatInput(given, idempotencyKey, owner, chatPorts.config.models);
  // Without a key a repeat would be one more question in the same conversation.
  if (idempotencyKey === null) c.header(SHOULD_RETRY, 'false');
  const { message, writer } = await chat(chatPorts, invocation, owner, input, () =>
    isStreamed
      ? new FirstEventWriter(new ChunkWriter(() => chatPorts.clock.now(), includesUsage))
      : new WholeWriter(),
  );
  // A stored answer that failed stays so: a repeat would only meet it again.
  for (const [name, value] of Object.entries({ ...messageHeaders(message), [SHOULD_RETRY]: 'false' }))
    c.header(name, value);
  const response =
    writer instanceof WholeWriter
      ? jsonResponse(await wholeTurn(writer), requestId)
      : await streamedTurn(writer, requestId);
  c.header(SHOULD_RETRY, undefined);
  return response;
}

/** Throws what the answer failed with, and like `answer`. */
async function wholeTurn(writer: WholeWriter): Promise<ChatCompletion> {
  const message = await writer.answer();
  const failure = errorOfEnd(message.end);
  if (failure) throw failure;
  return storedCompletion(message);
}

async function streamedTurn(writer: FirstEventWriter<ChunkWriter>, requestId: string): Promise<Response> {
  const failure = await writer.failure();
  if (failure) throw failure;
  return streamResponse({ contentType: SSE_TYPE, body: writer.writer.body }, requestId);
}
