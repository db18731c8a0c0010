import { ChatError } from '../../protocol/errors.ts';
import { SseWriter, TextWriter } from './answer-writer.ts';
import { cancel } from './cancel.ts';
import { chat } from './chat.ts';
import { chatInput, readJson } from './chat-input.ts';
import {
  entered,
  jsonResponse,
  messageHeaders,
  SSE_TYPE,
  streamResponse,
  TEXT_TYPE,
  type Routes,
} from './door.ts';
import { events } from './events.ts';
import { messageJson } from './message-json.ts';

const EVENTS = '/conversations/:conversationId/messages/:messageId/events';
const CANCEL = '/conversations/:conversationId/messages/:messageId/cancel';

/** The door's own dialect (PROTOCOL.md, HTTP). */
export const nativeRoutes: Routes = (app, ports) => {
  app.post('/chat', async (c) => {
    const { owner, invocation, requestId, chatPorts } = await entered(ports, c);
    const idempotencyKey = c.req.header('idempotency-key') ?? null;
    const input = chatInput(await readJson(c.req.raw), idempotencyKey, owner, chatPorts.config.models);
    const isText = (c.req.header('accept') ?? '').includes('text/plain');
    const { message, writer } = await chat(chatPorts, invocation, owner, input, () =>
      isText ? new TextWriter() : new SseWriter(() => chatPorts.clock.now()),
    );
    const contentType = isText ? TEXT_TYPE : SSE_TYPE;
    return streamResponse({ contentType, body: writer.body }, requestId, messageHeaders(message));
  });

  app.get(EVENTS, async (c) => {
    // Hono runs this route for HEAD, too; nobody would read the body, and nothing would end the follower before the limit.
    if (c.req.method === 'HEAD') throw new ChatError('METHOD_NOT_ALLOWED');
    const { owner, invocation, requestId, chatPorts } = await entered(ports, c);
    const name = { owner, ...c.req.param() };
    const answer = await events(chatPorts, invocation, name, c.req.header('last-event-id') ?? null);
    if (answer) return streamResponse(answer, requestId);
    return new Response(null, {
      status: 204,
      headers: { 'cache-control': 'no-store', 'x-request-id': requestId },
    });
  });

  app.post(CANCEL, async (c) => {
    const { owner, invocation, requestId, chatPorts } = await entered(ports, c);
    const message = await cancel(chatPorts, invocation, { owner, ...c.req.param() });
    return jsonResponse(messageJson(message), requestId);
  });

  return ['/chat', EVENTS, CANCEL];
};
