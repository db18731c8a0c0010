import { Hono, type Context } from 'hono';
import { cors } from 'hono/cors';
import { ChatError, toChatError } from '../../protocol/errors.ts';
import { describe } from '../service/log-line.ts';
import { errorResponse, type AppEnvironment, type AppPorts, type Routes } from './door.ts';
import { nativeRoutes } from './native-routes.ts';
import { openAiErrorResponse } from './openai/openai-error.ts';
import { openAiRoutes } from './openai/openai-routes.ts';
import { uiRoutes } from './ui/ui-routes.ts';

const EXPOSED = ['x-message-id', 'x-conversation-id', 'x-request-id'];
const DIALECTS: readonly Routes[] = [nativeRoutes, openAiRoutes, uiRoutes];

/** An error in the shape of the dialect whose path was asked for. */
function errorAnswer(error: ChatError, c: Context<AppEnvironment>): Response {
  return /^\/v1(\/|$)/.test(c.req.path) ? openAiErrorResponse(error, c.res.headers) : errorResponse(error);
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

  app.get('/health', (c) => c.json({ status: 'ok' }));
  const paths = DIALECTS.flatMap((routes) => routes(app, ports));
  for (const path of ['/health', ...paths])
    app.all(path, () => {
      throw new ChatError('METHOD_NOT_ALLOWED');
    });
  app.notFound((c) => errorAnswer(new ChatError('NOT_FOUND', { requestId: c.env.context.awsRequestId }), c));
  app.onError((error, c) => {
    const requestId = c.env.context.awsRequestId;
    const known = toChatError(error, requestId);
    if (known.code === 'INTERNAL') ports.log(requestId)('error', 'http.failed', describe(known.cause));
    const response = errorAnswer(known, c);
    for (const [name, value] of c.res.headers)
      if (!response.headers.has(name)) response.headers.set(name, value);
    return response;
  });
  return app;
}
