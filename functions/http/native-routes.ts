import { preferredType } from './accept.ts';
import { SseWriter, TextWriter } from './answer-writer.ts';
import { cancel } from './cancel.ts';
import { chat } from './chat.ts';
import { chatInput, readJson } from './chat-input.ts';
import { entered, jsonResponse, messageHeaders, streamResponse, type Routes } from './door.ts';
import { eventsRoutes } from './events-routes.ts';
import { errorOfEnd } from './first-event.ts';
import { historyRoutes } from './history-routes.ts';
import { messageJson } from './message-json.ts';
import { WholeWriter } from './whole-answer.ts';

const CANCEL = '/conversations/:conversationId/messages/:messageId/cancel';

/** The forms of an answer; the first unless `Accept` prefers another. */
const FORMS = ['text/event-stream', 'text/plain', 'application/json'] as const;

/** The door's own dialect (PROTOCOL.md, HTTP). */
export const nativeRoutes: Routes = (app, ports) => {
  app.post('/chat', async (c) => {
    const { owner, invocation, requestId, chatPorts } = await entered(ports, c);
    const idempotencyKey = c.req.header('idempotency-key') ?? null;
    const input = chatInput(await readJson(c.req.raw), idempotencyKey, owner, chatPorts.config.models);
    const form = preferredType(c, FORMS);
    const { message, writer } = await chat(chatPorts, invocation, owner, input, () => {
      if (form === 'text/plain') return new TextWriter();
      if (form === 'application/json') return new WholeWriter();
      return new SseWriter(() => chatPorts.clock.now());
    });
    const names = messageHeaders(message);
    if (!(writer instanceof WholeWriter))
      return streamResponse({ contentType: `${form}; charset=utf-8`, body: writer.body }, requestId, names);
    // Errors carry them, too.
    for (const [name, value] of Object.entries(names)) c.header(name, value);
    const answered = await writer.answer();
    const failure = answered.status === 'FAILED' ? errorOfEnd(answered.end) : undefined;
    if (failure) throw failure;
    return jsonResponse(messageJson(answered), requestId);
  });

  app.post(CANCEL, async (c) => {
    const { owner, invocation, requestId, chatPorts } = await entered(ports, c);
    const message = await cancel(chatPorts, invocation, { owner, ...c.req.param() });
    return jsonResponse(messageJson(message), requestId);
  });

  eventsRoutes(app, ports);
  historyRoutes(app, ports);
};
