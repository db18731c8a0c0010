import type { Context as LambdaContext } from 'aws-lambda';
import { Hono, type Context } from 'hono';
import { cors } from 'hono/cors';
import { ChatError, ERRORS, toChatError } from '../../protocol/errors.ts';
import { REQUEST_PATIENCE_MS } from '../../protocol/limits.ts';
import { describe, type LogLine } from '../service/log-line.ts';
import type { Authenticate } from './auth.ts';
import { cancel } from './cancel.ts';
import { chat } from './chat.ts';
import { chatInput, readJson } from './chat-input.ts';
import { events } from './events.ts';
import { messageJson } from './message-json.ts';
import type { HttpInvocation, HttpPorts, StreamedAnswer } from './serve.ts';

/** What Hono's Lambda adapter hands to each request. */
export interface AppEnvironment {
  Bindings: { context: LambdaContext };
}

/** What the door works with. */
export interface AppPorts {
  readonly authenticate: Authenticate;
  readonly portsFor: (log: LogLine) => HttpPorts;
  readonly log: (requestId: string) => LogLine;
  readonly keepOpen: (context: LambdaContext, work: Promise<unknown>) => void;
  /** How long a request repeats a write that nobody answers. @defaultValue 15 s */
  readonly patienceMs?: number;
}

const EXPOSED = ['x-message-id', 'x-conversation-id', 'x-request-id'];
const EVENTS = '/conversations/:conversationId/messages/:messageId/events';
const CANCEL = '/conversations/:conversationId/messages/:messageId/cancel';
const JSON_TYPE = 'application/json; charset=utf-8';

/** The body every error has before the first byte. */
function errorBody(error: ChatError) {
  const { code, message, retryable, retryAfterMs, requestId } = error;
  return {
    error: { code, message, retryable, retryAfterMs: retryAfterMs ?? null, requestId: requestId ?? null },
  };
}

function errorResponse(error: ChatError): Response {
  const headers: Record<string, string> = {
    'content-type': JSON_TYPE,
    'cache-control': 'no-store',
    'x-request-id': error.requestId ?? '',
  };
  if (error.retryAfterMs !== undefined) headers['retry-after'] = String(Math.ceil(error.retryAfterMs / 1000));
  return new Response(JSON.stringify(errorBody(error)), { status: ERRORS[error.code].status, headers });
}

function streamResponse(
  answer: StreamedAnswer,
  requestId: string,
  more: Record<string, string> = {},
): Response {
  return new Response(answer.body, {
    status: 200,
    headers: {
      'content-type': answer.contentType,
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
      ...more,
      'x-request-id': requestId,
    },
  });
}

/** What every route but the health check begins with: who calls, and what this invocation works with. */
async function entered(ports: AppPorts, c: Context<AppEnvironment>) {
  const { context } = c.env;
  const requestId = context.awsRequestId;
  const invocation: HttpInvocation = {
    requestId,
    endsAt: Date.now() + context.getRemainingTimeInMillis(),
    patience: AbortSignal.timeout(ports.patienceMs ?? REQUEST_PATIENCE_MS),
    keepOpen: (work) => ports.keepOpen(context, work),
  };
  const owner = await ports.authenticate(c.req.raw.headers);
  return { owner, invocation, requestId, chatPorts: ports.portsFor(ports.log(requestId)) };
}

/**
 * The HTTP door (PROTOCOL.md, HTTP): the handler alone does CORS, authentication and errors. Every error before the first
 * byte has its real status and one body shape; unknown causes become INTERNAL and go to one log line.
 */
export function createApp(ports: AppPorts): Hono<AppEnvironment> {
  const app = new Hono<AppEnvironment>();
  app.use(
    '*',
    cors({ origin: '*', allowMethods: ['GET', 'POST', 'OPTIONS'], exposeHeaders: EXPOSED, maxAge: 600 }),
  );

  app.get('/health', (c) => c.json({ status: 'ok' }));

  app.post('/chat', async (c) => {
    const { owner, invocation, requestId, chatPorts } = await entered(ports, c);
    const idempotencyKey = c.req.header('idempotency-key') ?? null;
    const input = chatInput(await readJson(c.req.raw), idempotencyKey, owner, chatPorts.config.models);
    const form = (c.req.header('accept') ?? '').includes('text/plain') ? 'text' : 'sse';
    const answer = await chat(chatPorts, invocation, owner, input, form);
    // The caller of the other routes names both ids itself.
    const ids = { 'x-message-id': answer.messageId, 'x-conversation-id': answer.conversationId };
    return streamResponse(answer, requestId, ids);
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
    return new Response(JSON.stringify(messageJson(message)), {
      headers: {
        'content-type': JSON_TYPE,
        'cache-control': 'no-store',
        'x-request-id': requestId,
      },
    });
  });

  for (const path of ['/health', '/chat', EVENTS, CANCEL])
    app.all(path, () => {
      throw new ChatError('METHOD_NOT_ALLOWED');
    });
  app.notFound((c) => errorResponse(new ChatError('NOT_FOUND', { requestId: c.env.context.awsRequestId })));
  app.onError((error, c) => {
    const requestId = c.env.context.awsRequestId;
    const known = toChatError(error, requestId);
    if (known.code === 'INTERNAL') ports.log(requestId)('error', 'http.failed', describe(known.cause));
    const response = errorResponse(known);
    for (const [name, value] of c.res.headers)
      if (!response.headers.has(name)) response.headers.set(name, value);
    return response;
  });
  return app;
}
