import { Hono, type Context } from 'hono';
import { cors } from 'hono/cors';
import { methodNotAllowed } from 'hono/method-not-allowed';
import { ChatError, toChatError } from '../../protocol/errors.ts';
import { describe } from '../service/log-line.ts';
import { errorResponse, jsonResponse, type AppEnvironment, type AppPorts, type Routes } from './door.ts';
import { nativeRoutes } from './native-routes.ts';
import { openAiErrorResponse, SHOULD_RETRY } from './openai/openai-error.ts';
import { openAiRoutes } from './openai/openai-routes.ts';
import { uiRoutes } from './ui/ui-routes.ts';

/** What pages may read: our names, and what SDKs in a browser need to wait or to repeat as they do elsewhere. */
const EXPOSED = ['x-message-id', 'x-conversation-id', 'x-request-id', 'retry-after', SHOULD_RETRY];
const DIALECTS: readonly Routes[] = [nativeRoutes, openAiRoutes, uiRoutes];

/** An error in the shape of the dialect whose path was asked for. */
function errorAnswer(error: ChatError, c: Context<AppEnvironment>): Response {
  const requestId = c.env.context.awsRequestId;
  return /^\/v1(\/|$)/.test(c.req.path)
    ? openAiErrorResponse(error, requestId, c.res.headers)
    : errorResponse(error, requestId);
}

/**
 * The HTTP door (PROTOCOL.md, HTTP): the handler alone does CORS, authentication and errors. Every error before the first
 * byte has its real status and one body shape for its dialect; unknown causes become INTERNAL and go to one log line.
 */
export function createApp(ports: AppPorts): Hono<AppEnvironment> {
  const app = new Hono<AppEnvironment>();
  app.use(
    '*',
    cors({ origin: '*', allowMethods: ['GET', 'POST', 'OPTIONS'], exposeHeaders: EXPOSED, maxAge: 600 }),
  );
  app.use(
    '*',
    methodNotAllowed({
      app,
      onMethodNotAllowed: (c, allowed) => {
        const error = new ChatError('METHOD_NOT_ALLOWED', { requestId: c.env.context.awsRequestId });
        const response = errorAnswer(error, c);
        // HEAD is not for the streams, which it would leave without a reader.
        response.headers.set('allow', allowed.filter((method) => method !== 'HEAD').join(', '));
        return response;
      },
    }),
  );

  app.get('/health', (c) => jsonResponse({ status: 'ok' }, c.env.context.awsRequestId));
  for (const routes of DIALECTS) routes(app, ports);
  app.notFound((c) => errorAnswer(new ChatError('NOT_FOUND', { requestId: c.env.context.awsRequestId }), c));
  app.onError((error, c) => {
    const requestId = c.env.context.awsRequestId;
    const known = toChatError(error, requestId);
    // One without a cause was logged where it arose.
    if (known.code === 'INTERNAL' && known.cause !== undefined)
      ports.log(requestId)('error', 'http.failed', describe(known.cause));
    const response = errorAnswer(known, c);
    for (const [name, value] of c.res.headers)
      if (!response.headers.has(name)) response.headers.set(name, value);
    return response;
  });
  return app;
}
