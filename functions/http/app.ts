import type { Context as LambdaContext } from 'aws-lambda';
import { Hono } from 'hono';
import { cors } from 'hono/cors';
import { ChatError, ERRORS, toChatError } from '../../protocol/errors.ts';
import { describe, type LogLine } from '../service/log-line.ts';
import type { Authenticate } from './auth.ts';
import { chat, type ChatInvocation, type ChatPorts } from './chat.ts';
import { chatInput, readJson } from './chat-input.ts';

/** What Hono's Lambda adapter hands to each request. */
export interface AppEnvironment {
  Bindings: { context: LambdaContext };
}

/** What the door works with. */
export interface AppPorts {
  readonly authenticate: Authenticate;
  readonly portsFor: (log: LogLine) => ChatPorts;
  readonly log: (requestId: string) => LogLine;
  readonly keepOpen: (context: LambdaContext, work: Promise<unknown>) => void;
}

const EXPOSED = ['x-message-id', 'x-conversation-id', 'x-request-id'];

/** The body every error has before the first byte. */
function errorBody(error: ChatError) {
  const { code, message, retryable, retryAfterMs, requestId } = error;
  return {
    error: { code, message, retryable, retryAfterMs: retryAfterMs ?? null, requestId: requestId ?? null },
  };
}

function errorResponse(error: ChatError): Response {
  const headers: Record<string, string> = {
    'content-type': 'application/json; charset=utf-8',
    'cache-control': 'no-store',
    'x-request-id': error.requestId ?? '',
  };
  if (error.retryAfterMs !== undefined) headers['retry-after'] = String(Math.ceil(error.retryAfterMs / 1000));
  return new Response(JSON.stringify(errorBody(error)), { status: ERRORS[error.code].status, headers });
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
    const context = c.env.context;
    const requestId = context.awsRequestId;
    const invocation: ChatInvocation = {
      requestId,
      endsAt: Date.now() + context.getRemainingTimeInMillis(),
      keepOpen: (work) => ports.keepOpen(context, work),
    };
    const owner = await ports.authenticate(c.req.raw.headers);
    const chatPorts = ports.portsFor(ports.log(requestId));
    const idempotencyKey = c.req.header('idempotency-key') ?? null;
    const input = chatInput(await readJson(c.req.raw), idempotencyKey, owner, chatPorts.config.models);
    const form = (c.req.header('accept') ?? '').includes('text/plain') ? 'text' : 'sse';
    const answer = await chat(chatPorts, invocation, owner, input, form);
    return new Response(answer.body, {
      status: 200,
      headers: {
        'content-type': answer.contentType,
        'cache-control': 'no-cache, no-transform',
        'x-accel-buffering': 'no',
        'x-message-id': answer.messageId,
        'x-conversation-id': answer.conversationId,
        'x-request-id': requestId,
      },
    });
  });

  app.all('/health', () => {
    throw new ChatError('METHOD_NOT_ALLOWED');
  });
  app.all('/chat', () => {
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
