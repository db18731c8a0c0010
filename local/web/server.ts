import type { IncomingMessage, ServerResponse } from 'node:http';
import sirv from 'sirv';
import { reachable } from '../reachable.ts';
import { answerWithFile } from '../static-files.ts';

/** `GET /config.json`: where the page finds the service. */
export interface PageConfig {
  readonly endpoint: string;
  readonly apiKey?: string;
  readonly tokenUrl: string;
  readonly model: { readonly name: string; readonly isOffline: boolean };
  readonly playgroundUrl?: string;
}

/** What the web server serves. */
export interface WebServerOptions {
  /** Folder of the built page; may appear and change while the server runs. */
  readonly root: string;
  /** Read for each request. Addresses in it that name every interface are answered as the browser reached this server. */
  readonly config: PageConfig;
  /** The Function URL, to which the page may connect too. */
  readonly httpUrl: string;
}

/** Vite names them by their content. */
const HASHED_ASSET = /^\/assets\/[^/]+-[\w-]{8}\.\w+$/;
const ONE_YEAR_IN_SECONDS = 31_536_000;

/**
 * Serves the built page: files, `index.html` for paths without an extension (the page's own addresses), `/config.json`, 404 for
 * other files. Takes GET and HEAD only. Only hashed assets are cached without asking. The page runs no script but its own and
 * connects to nothing but this server, the API and the HTTP door.
 */
export function createWebServer(
  options: WebServerOptions,
): (request: IncomingMessage, response: ServerResponse) => void {
  const files = sirv(options.root, {
    dev: true,
    etag: true,
    single: true,
    setHeaders: (response, path) => {
      if (HASHED_ASSET.test(path))
        response.setHeader('cache-control', `public, max-age=${ONE_YEAR_IN_SECONDS}, immutable`);
    },
  });
  return (request, response) => {
    for (const [name, value] of Object.entries(securityHeaders(options, request)))
      response.setHeader(name, value);
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405, { allow: 'GET, HEAD' }).end();
      return;
    }
    if (request.url?.split('?', 1)[0] === '/config.json') {
      response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-cache' });
      response.end(`${JSON.stringify(configFor(options.config, request))}\n`);
      return;
    }
    answerWithFile(files, request, response);
  };
}

function configFor(config: PageConfig, request: IncomingMessage): PageConfig {
  const { playgroundUrl } = config;
  return {
    ...config,
    endpoint: reachable(config.endpoint, request),
    tokenUrl: reachable(config.tokenUrl, request),
    ...(playgroundUrl === undefined ? {} : { playgroundUrl: reachable(playgroundUrl, request) }),
  };
}

function securityHeaders(options: WebServerOptions, request: IncomingMessage): Record<string, string> {
  const api = new URL(reachable(options.config.endpoint, request)).origin;
  const door = new URL(reachable(options.httpUrl, request)).origin;
  const policy = [
    "default-src 'self'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    `connect-src 'self' ${api} ${api.replace(/^http/, 'ws')} ${door}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ];
  return {
    'content-security-policy': policy.join('; '),
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
  };
}
