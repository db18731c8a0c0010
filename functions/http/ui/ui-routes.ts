import { ChatError } from '../../../protocol/errors.ts';
import { isId } from '../../../protocol/ids.ts';
import { readJson } from '../chat-input.ts';
import { serveStarted } from '../chat.ts';
import { entered, messageHeaders, nothingMore, SSE_TYPE, streamResponse, type Routes } from '../door.ts';
import { FirstEventWriter } from '../first-event.ts';
import { follow } from '../follow.ts';
import { followPorts, serve } from '../serve.ts';
import { activeAnswer } from './active-answer.ts';
import { uiInput } from './ui-input.ts';
import { startUi } from './ui-start.ts';
import { UiWriter } from './ui-writer.ts';

const CHAT = '/api/chat';
const STREAM = '/api/chat/:conversationId/stream';

/** The dialect of the AI SDK, for `useChat` and its `DefaultChatTransport` (PROTOCOL.md, AI SDK). */
export const uiRoutes: Routes = (app, ports) => {
  app.post(CHAT, async (c) => {
    const { owner, invocation, requestId, chatPorts } = await entered(ports, c);
    const idempotencyKey = c.req.header('idempotency-key') ?? null;
    const input = uiInput(await readJson(c.req.raw), idempotencyKey, chatPorts.config.models);
    const started = await startUi(chatPorts, invocation, owner, input);
    const begins = new FirstEventWriter(new UiWriter(() => chatPorts.clock.now(), requestId));
    serveStarted(chatPorts, invocation, started, begins);
    // Errors carry them, too.
    for (const [name, value] of Object.entries(messageHeaders(started.message))) c.header(name, value);
    const failure = await begins.failure();
    if (failure) throw failure;
    return uiResponse(begins.writer, requestId, started.message);
  });

  app.get(STREAM, async (c) => {
    if (c.req.method === 'HEAD') throw new ChatError('METHOD_NOT_ALLOWED');
    const { owner, invocation, requestId, chatPorts } = await entered(ports, c);
    const { conversationId } = c.req.param();
    if (!isId(conversationId)) throw new ChatError('INVALID_INPUT');
    const messageId = await activeAnswer(chatPorts.table, owner, conversationId);
    if (messageId === undefined) return nothingMore(requestId);
    const writer = new UiWriter(() => chatPorts.clock.now(), requestId);
    const name = { owner, conversationId, messageId };
    serve(chatPorts, invocation, messageId, writer, () => follow(followPorts(chatPorts, name), name, writer));
    return uiResponse(writer, requestId, { id: messageId, conversationId });
  });
};

function uiResponse(
  { body }: UiWriter,
  requestId: string,
  message: Parameters<typeof messageHeaders>[0],
): Response {
  const headers = { 'x-vercel-ai-ui-message-stream': 'v1', ...messageHeaders(message) };
  return streamResponse({ contentType: SSE_TYPE, body }, requestId, headers);
}
