import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { RequestCredentials } from './auth.ts';
import { RequestRefused } from './errors.ts';
import { GRAPHQL_PATH } from './http.ts';

/** The one sub-protocol of AppSync's real-time channel. */
export const SUB_PROTOCOL = 'graphql-ws';

const HEADER_PREFIX = 'header-';

function decode(base64: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(Buffer.from(base64, 'base64').toString());
    if (value !== null && typeof value === 'object' && !Array.isArray(value))
      return value as Record<string, unknown>;
  } catch {
    // Falls through to the refusal.
  }
  throw new RequestRefused(400, 'BadRequestException', 'Unable to parse the authorization header.');
}

/** The sub-protocols a client offers. */
export function offeredProtocols(request: IncomingMessage): string[] {
  const header = request.headers['sec-websocket-protocol'] ?? '';
  return header.split(',').map((name) => name.trim());
}

/**
 * The authorization of a connection from one of its three transports: `?header=` (base64, with `payload` = base64 of `{}`), the
 * sub-protocol `header-<base64url>`, or ordinary HTTP headers.
 * @throws RequestRefused when the given one cannot be read or is made for another host.
 */
export function connectCredentials(request: IncomingMessage): RequestCredentials {
  const query = new URL(request.url ?? '/', 'http://localhost').searchParams;
  const inQuery = query.get('header');
  const inProtocol = offeredProtocols(request).find((name) => name.startsWith(HEADER_PREFIX));
  const headers =
    inQuery !== null
      ? lowerCase(decode(inQuery))
      : inProtocol !== undefined
        ? lowerCase(decode(inProtocol.slice(HEADER_PREFIX.length)))
        : request.headers;
  if (inQuery !== null && JSON.stringify(decode(query.get('payload') ?? '')) !== '{}') {
    throw new RequestRefused(400, 'BadRequestException', 'The payload of the connection must be {}.');
  }
  return credentials(request, headers, `${GRAPHQL_PATH}/connect`, '{}');
}

/**
 * The authorization of one `start`: the header object beside its data.
 * @throws RequestRefused when it is missing or made for another host.
 */
export function startCredentials(
  request: IncomingMessage,
  authorization: unknown,
  data: string,
): RequestCredentials {
  if (authorization === null || typeof authorization !== 'object' || Array.isArray(authorization)) {
    throw new RequestRefused(401, 'UnauthorizedException', 'Required headers are missing.');
  }
  return credentials(request, lowerCase(authorization as Record<string, unknown>), GRAPHQL_PATH, data);
}

function credentials(
  request: IncomingMessage,
  headers: IncomingHttpHeaders,
  url: string,
  body: string,
): RequestCredentials {
  checkHost(headers.host, request.headers.host);
  return { method: 'POST', url, headers, body, sourceIp: request.socket.remoteAddress ?? '127.0.0.1' };
}

/** The header names the GraphQL host; here both endpoints share one, with or without its port. */
function checkHost(given: string | undefined, own: string | undefined): void {
  if (given === own || (own !== undefined && given === own.replace(/:\d+$/, ''))) return;
  throw new RequestRefused(
    400,
    'BadRequestException',
    'The host of the authorization header is not that of the API.',
  );
}

function lowerCase(headers: Record<string, unknown>): IncomingHttpHeaders {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      typeof value === 'string' ? [[name.toLowerCase(), value] as const] : [],
    ),
  );
}
