import type { Context as LambdaContext } from 'aws-lambda';
import type { Context, Hono } from 'hono';
import { ERRORS, type ChatError } from '../../protocol/errors.ts';
import type { AssistantMessageItem } from '../../protocol/items.ts';
import { REQUEST_PATIENCE_MS } from '../../protocol/limits.ts';
import type { LogLine } from '../service/log-line.ts';
import type { Authenticate } from './auth.ts';
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

/** Adds the routes of one dialect. */
export type Routes = (app: Hono<AppEnvironment>, ports: AppPorts) => void;

const JSON_TYPE = 'application/json; charset=utf-8';
export const SSE_TYPE = 'text/event-stream; charset=utf-8';

/** The headers that name the message of an answer to whoever did not name it itself. */
export function messageHeaders({ id, conversationId }: Pick<AssistantMessageItem, 'id' | 'conversationId'>) {
  return { 'x-message-id': id, 'x-conversation-id': conversationId };
}

/** A JSON answer that no cache keeps. */
export function jsonResponse(
  json: unknown,
  requestId: string,
  {
    status = 200,
    headers = {},
  }: { readonly status?: number; readonly headers?: Record<string, string> } = {},
): Response {
  return new Response(JSON.stringify(json), {
    status,
    headers: {
      'content-type': JSON_TYPE,
      'cache-control': 'no-store',
      ...headers,
      'x-request-id': requestId,
    },
  });
}

/** Says that there is nothing more to read: a reader that reconnects by itself stops. */
export function nothingMore(requestId: string): Response {
  return new Response(null, {
    status: 204,
    headers: { 'cache-control': 'no-store', 'x-request-id': requestId },
  });
}

/** The body every error has before the first byte. */
export function errorBody(error: ChatError) {
  const { code, message, retryable, retryAfterMs, requestId } = error;
  return {
    error: { code, message, retryable, retryAfterMs: retryAfterMs ?? null, requestId: requestId ?? null },
  };
}

/** An error with its real status, to the request `requestId`; `body` where a dialect has its own. */
export function errorResponse(
  error: ChatError,
  requestId: string,
  body: unknown = errorBody(error),
): Response {
  const { code, retryAfterMs } = error;
  const headers: Record<string, string> =
    retryAfterMs === undefined ? {} : { 'retry-after': String(Math.ceil(retryAfterMs / 1000)) };
  return jsonResponse(body, requestId, { status: ERRORS[code].status, headers });
}

/** A streamed answer, which nothing on the way may hold back. */
export function streamResponse(
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

/**
 * What every route but the health check begins with: who calls, and what this invocation works with. `otherwise` tells the
 * owner of a request whose headers carry no credential.
 */
export async function entered(
  ports: AppPorts,
  c: Context<AppEnvironment>,
  otherwise?: (chatPorts: HttpPorts, invocation: HttpInvocation) => Promise<string>,
) {
  const { context } = c.env;
  const requestId = context.awsRequestId;
  const invocation: HttpInvocation = {
    requestId,
    endsAt: Date.now() + context.getRemainingTimeInMillis(),
    patience: AbortSignal.timeout(ports.patienceMs ?? REQUEST_PATIENCE_MS),
    keepOpen: (work) => ports.keepOpen(context, work),
  };
  const chatPorts = ports.portsFor(ports.log(requestId));
  const owner = await ports.authenticate(
    c.req.raw.headers,
    otherwise && (() => otherwise(chatPorts, invocation)),
  );
  return { owner, invocation, requestId, chatPorts };
}
