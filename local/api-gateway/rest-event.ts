import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

import { isOfConnection, requestTime } from '../lambda/function-url-event.ts';
import type { RestApiModel, RestMethodModel } from '../template/index.ts';

/** The proxy event of a REST API, payload format 1.0. */
export interface RestEvent {
  resource: string;
  /** As sent, without the stage. */
  path: string;
  httpMethod: string;
  /** The last value of each; names as sent. */
  headers: Record<string, string>;
  multiValueHeaders: Record<string, string[]>;
  queryStringParameters: Record<string, string> | null;
  multiValueQueryStringParameters: Record<string, string[]> | null;
  pathParameters: Record<string, string> | null;
  stageVariables: null;
  requestContext: Record<string, unknown>;
  body: string | null;
  isBase64Encoded: false;
}

/** A request, with the method of the API that takes it. */
export interface RestRequest {
  request: IncomingMessage;
  body: Buffer;
  api: Pick<RestApiModel, 'id' | 'stageName'>;
  method: RestMethodModel;
  /** Without the stage and the query. */
  path: string;
  search: string;
}

function collect(pairs: Iterable<readonly [string, string]>): Record<string, string[]> {
  const values: Record<string, string[]> = {};
  for (const [name, value] of pairs) (values[name] ??= []).push(value);
  return values;
}

const last = (values: Record<string, string[]>): Record<string, string> =>
  Object.fromEntries(Object.entries(values).map(([name, list]) => [name, list.at(-1)!]));

function headersOf(request: IncomingMessage): Record<string, string[]> {
  const names = request.rawHeaders.filter((_, index) => index % 2 === 0);
  const pairs = names.map((name, index) => [name, request.rawHeaders[2 * index + 1]!] as const);
  return collect([
    ...pairs.filter(([name]) => !isOfConnection(name.toLowerCase())),
    ['X-Forwarded-For', request.socket.remoteAddress ?? '127.0.0.1'],
    ['X-Forwarded-Port', String(request.socket.localPort ?? 80)],
    ['X-Forwarded-Proto', 'http'],
  ]);
}

/** A path that is not well encoded stays as it is. */
function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** The event of one request. The body is text whatever it holds, as the API names no binary media types. */
export function restEvent(sent: RestRequest, requestId: string, now: number): RestEvent {
  const { request, body, api, method, path, search } = sent;
  const headers = headersOf(request);
  const query = collect(new URLSearchParams(search));
  const hasQuery = Object.keys(query).length > 0;
  const httpMethod = request.method ?? 'GET';
  const domainName = request.headers.host ?? 'localhost';
  return {
    resource: method.path,
    path,
    httpMethod,
    headers: last(headers),
    multiValueHeaders: headers,
    queryStringParameters: hasQuery ? last(query) : null,
    multiValueQueryStringParameters: hasQuery ? query : null,
    pathParameters: method.path === '/' ? null : { proxy: decoded(path.slice(1)) },
    stageVariables: null,
    requestContext: {
      accountId: '000000000000',
      apiId: api.id,
      domainName,
      domainPrefix: domainName.split('.')[0]!,
      extendedRequestId: randomUUID(),
      httpMethod,
      identity: {
        sourceIp: request.socket.remoteAddress ?? '127.0.0.1',
        userAgent: request.headers['user-agent'] ?? null,
      },
      path: `/${api.stageName}${path}`,
      protocol: `HTTP/${request.httpVersion}`,
      requestId,
      requestTime: requestTime(new Date(now)),
      requestTimeEpoch: now,
      resourceId: method.path,
      resourcePath: method.path,
      stage: api.stageName,
    },
    body: body.length === 0 ? null : body.toString(),
    isBase64Encoded: false,
  };
}
