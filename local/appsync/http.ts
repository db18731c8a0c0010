import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Caller, RequestCredentials } from './auth.ts';
import type { ExecutionOutcome, GraphQlRequest, RequestOrigin } from './engine.ts';
import { messageOf, RequestRefused } from './errors.ts';
import type { LogLine } from './ports.ts';
import { internalFailure } from './requests.ts';

/** What the HTTP endpoint needs. */
export interface HttpPorts {
  identify(request: RequestCredentials): Promise<Caller>;
  run(request: GraphQlRequest, origin: RequestOrigin): Promise<ExecutionOutcome>;
  /** True when the request is over quota (a fault). */
  throttled(): boolean;
  log: LogLine;
}

/** The path of the GraphQL endpoint. */
export const GRAPHQL_PATH = '/graphql';
/**
 * Longest body that is read. AppSync documents no limit of its own for a request; this one protects the local stack and lies above
 * DynamoDB items (400 KB) and asynchronous Lambda payloads (1 MB).
 */
export const MAX_BODY_BYTES = 2 * 1024 * 1024;

const EXPOSED_HEADERS =
  'x-amzn-RequestId,x-amzn-ErrorType,x-amz-user-agent,x-amzn-ErrorMessage,Date,x-amz-schema-version';

/**
 * Serves `/graphql`: POST and GET for queries and mutations, OPTIONS for browsers. Resolves to false for any other path and leaves
 * the response alone then. Never rejects; what is not AppSync's to answer becomes 500 `InternalFailure` and one log line.
 */
export async function handleGraphQlHttp(
  request: IncomingMessage,
  response: ServerResponse,
  ports: HttpPorts,
): Promise<boolean> {
  const url = request.url ?? '/';
  const path = url.split('?', 1)[0];
  if (path !== GRAPHQL_PATH) return false;
  if (request.method === 'OPTIONS') {
    sendPreflight(request, response);
    return true;
  }
  try {
    const body = await readBody(request);
    const sourceIp = request.socket.remoteAddress ?? '127.0.0.1';
    const method = request.method ?? 'GET';
    if (ports.throttled()) throw new RequestRefused(429, 'ThrottlingException', 'Rate exceeded');
    const caller = await ports.identify({ method, url, headers: request.headers, body, sourceIp });
    const read = readRequest(method, url, body);
    const outcome = await ports.run(read, { caller, headers: requestHeaders(request) });
    send(response, 200, outcome.response, outcome.responseHeaders);
  } catch (cause) {
    if (response.headersSent || response.destroyed) return true;
    if (!(cause instanceof RequestRefused)) ports.log(`internal failure: ${messageOf(cause)}`);
    const refused = cause instanceof RequestRefused ? cause : internalFailure();
    send(response, refused.status, { errors: [refused.toWire()] }, { 'x-amzn-errortype': refused.errorType });
  }
  return true;
}

function send(response: ServerResponse, status: number, body: object, headers: Record<string, string>): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'content-type': 'application/json;charset=UTF-8',
    'content-length': Buffer.byteLength(text),
    'access-control-allow-origin': '*',
    'access-control-expose-headers': EXPOSED_HEADERS,
    ...headers,
    'x-amzn-requestid': randomUUID(),
    ...(status === 200 ? { 'x-amzn-appsync-tokensconsumed': '1' } : {}),
  });
  response.end(text);
}

function sendPreflight(request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(200, {
    'access-control-allow-origin': '*',
    'access-control-allow-methods': 'GET, POST, OPTIONS',
    // A wildcard would not cover `authorization` in browsers.
    'access-control-allow-headers': request.headers['access-control-request-headers'] ?? '*',
    'access-control-expose-headers': EXPOSED_HEADERS,
    'access-control-max-age': '172800',
    'content-length': 0,
  });
  response.end();
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  if (bytes > MAX_BODY_BYTES) {
    throw new RequestRefused(413, 'RequestEntityTooLargeException', 'Request body is too large.');
  }
  return Buffer.concat(chunks).toString();
}

function malformed(message: string): RequestRefused {
  return new RequestRefused(400, 'MalformedHttpRequestException', message);
}

function readRequest(method: string, url: string, body: string): GraphQlRequest {
  if (method === 'GET') {
    const query = new URL(url, 'http://localhost').searchParams;
    const variables = query.get('variables');
    return readEnvelope({
      query: query.get('query'),
      operationName: query.get('operationName'),
      variables: variables === null ? null : parseJson(variables),
    });
  }
  if (method !== 'POST')
    throw new RequestRefused(405, 'MalformedHttpRequestException', 'Method not allowed.');
  if (body === '') throw malformed('Request body is empty.');
  return readEnvelope(parseJson(body));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw malformed('Unable to parse GraphQL query.');
  }
}

/**
 * Reads `{query, operationName?, variables?}`.
 * @throws RequestRefused 400 `Unable to parse GraphQL query.` for anything else.
 */
export function readEnvelope(json: unknown): GraphQlRequest {
  const { query, operationName, variables } = (json ?? {}) as Record<string, unknown>;
  const named = operationName ?? undefined;
  const given = variables ?? {};
  const fits =
    typeof query === 'string' &&
    (named === undefined || typeof named === 'string') &&
    typeof given === 'object' &&
    !Array.isArray(given);
  if (!fits) throw malformed('Unable to parse GraphQL query.');
  return { query, operationName: named, variables: given as Record<string, unknown> };
}

/** Headers as `ctx.request.headers` has them: lower case, a repeated one as a list, no cookie. */
export function requestHeaders(request: IncomingMessage): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {};
  for (const [name, values = []] of Object.entries(request.headersDistinct)) {
    if (name !== 'cookie') headers[name] = values.length === 1 ? (values[0] ?? '') : values;
  }
  return headers;
}
