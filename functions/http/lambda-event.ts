import type { APIGatewayProxyEvent, LambdaFunctionURLEvent } from 'aws-lambda';

/** What the door is invoked with: by its Function URL (payload format 2.0) or by a REST API (1.0). */
export type HttpEvent = LambdaFunctionURLEvent | APIGatewayProxyEvent;

/** Fetch knows no request of these methods. */
const UNKNOWN_METHODS = /^(CONNECT|TRACE|TRACK)$/i;

/**
 * The request that an event stands for, the same whichever front it came through: path without stage and base path, repeated headers and
 * parameters kept, body as bytes. A body where none is allowed (GET, HEAD) is dropped. For a method that no request can have it has one that
 * no route has. No event makes it throw.
 */
export function requestOf(event: HttpEvent): Request {
  const { method, path, query, headers } = 'rawPath' in event ? ofFunctionUrl(event) : ofRestApi(event);
  // No route reads the host, which on a machine of one's own is whatever the client says.
  const url = new URL('https://door');
  // The setters encode what a front has decoded: an encoded question mark must not begin the query.
  url.pathname = path;
  url.search = query;
  const hasBody = event.body && method !== 'GET' && method !== 'HEAD';
  const known = UNKNOWN_METHODS.test(method) ? 'UNKNOWN' : method;
  return new Request(url, { method: known, headers, ...(hasBody ? { body: bodyOf(event) } : {}) });
}

interface RequestParts {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: Headers;
}

function ofFunctionUrl(event: LambdaFunctionURLEvent): RequestParts {
  const { requestContext, cookies, rawPath, rawQueryString } = event;
  const headers = new Headers();
  for (const [name, value] of Object.entries(event.headers))
    if (value !== undefined) headers.append(name, asciiOf(value));
  if (cookies) headers.set('cookie', asciiOf(cookies.join('; ')));
  return { method: requestContext.http.method, path: rawPath, query: rawQueryString, headers };
}

function ofRestApi(event: APIGatewayProxyEvent): RequestParts {
  const headers = new Headers();
  for (const [name, values] of entriesOf(event.multiValueHeaders, event.headers))
    for (const value of values) headers.append(name, asciiOf(value));
  const parameters = new URLSearchParams();
  const given = entriesOf(event.multiValueQueryStringParameters, event.queryStringParameters);
  for (const [name, values] of given) for (const value of values) parameters.append(name, value);
  const query = parameters.toString();
  return { method: event.httpMethod, path: restPath(event), query, headers };
}

/** The console's test events have the single values alone. */
function entriesOf(
  multiple: Record<string, string[] | undefined> | null,
  single: Record<string, string | undefined> | null,
): [string, string[]][] {
  const pairs = Object.entries(multiple ?? single ?? {});
  return pairs.flatMap(([name, value]): [string, string[]][] => (value ? [[name, [value].flat()]] : []));
}

/** A custom domain's base path is a part of `path`; what the greedy resource matched is not. */
function restPath({ path, pathParameters }: APIGatewayProxyEvent): string {
  const matched = pathParameters?.['proxy'];
  if (matched === undefined) return '/';
  const end = [`/${matched}`, `/${matched}/`].find((tail) => path.endsWith(tail));
  return end ?? path;
}

function bodyOf({ body, isBase64Encoded }: HttpEvent): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.from(body ?? '', isBase64Encoded ? 'base64' : 'utf8'));
}

/** Fetch's headers hold no character beyond Latin-1: what is not ASCII is percent-encoded. */
function asciiOf(value: string): string {
  return value.toWellFormed().replaceAll(/[^\t\x20-\x7E]+/g, encodeURIComponent);
}
