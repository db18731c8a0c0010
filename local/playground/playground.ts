import type { IncomingMessage, ServerResponse } from 'node:http';
import { getDistDirectory, renderAltair, renderInitSnippet, type RenderOptions } from 'altair-static';
import sirv from 'sirv';
import { reachable } from '../reachable.ts';
import { answerWithFile } from '../static-files.ts';
import { PLAYGROUND_EXAMPLES, type PlaygroundExample } from './examples.ts';

/** What the playground is preset to. */
export interface PlaygroundOptions {
  /** The GraphQL endpoint. One that names every interface is preset as the browser reached this server. */
  readonly endpoint: string;
  readonly apiKey: string;
  readonly region: string;
}

const PATH = '/playground';
const INIT_SCRIPT = 'initial_options.js';

function windowOf(example: PlaygroundExample, options: PlaygroundOptions) {
  return {
    initialName: example.name,
    endpointURL: options.endpoint,
    subscriptionsEndpoint: options.endpoint,
    initialHeaders: { 'x-api-key': options.apiKey },
    initialSubscriptionRequestHandlerId: 'app-sync' as const,
    initialSubscriptionsPayload: {
      aws_appsync_graphqlEndpoint: options.endpoint,
      aws_appsync_region: options.region,
      aws_appsync_authenticationType: 'API_KEY',
      aws_appsync_apiKey: options.apiKey,
    },
    initialQuery: example.document,
    initialVariables: JSON.stringify(example.variables, null, 2),
    ...(example.preRequestScript === undefined ? {} : { initialPreRequestScript: example.preRequestScript }),
    ...(example.postRequestScript === undefined
      ? {}
      : { initialPostRequestScript: example.postRequestScript }),
  };
}

function renderOptions(options: PlaygroundOptions): RenderOptions {
  const blank = { name: '', document: '', variables: {} };
  return {
    baseURL: `${PATH}/`,
    serveInitialOptionsInSeperateRequest: INIT_SCRIPT,
    // What a window opened by hand starts with, too.
    ...windowOf(blank, options),
    initialWindows: PLAYGROUND_EXAMPLES.map((example) => windowOf(example, options)),
    disableAccount: true,
    persistedSettings: {
      'banners.disable': true,
      'alert.disableUpdateNotification': true,
      disablePushNotification: true,
    },
  };
}

/**
 * The GraphQL playground (Altair) under `/playground`, preset to the local endpoint and key, with one window for each example.
 * Returns false for other paths. It loads and calls nothing but this listener: its policy refuses everything else.
 */
export function createPlayground(
  options: PlaygroundOptions,
): (request: IncomingMessage, response: ServerResponse) => boolean {
  const files = sirv(getDistDirectory(), { etag: true, maxAge: 3_600 });
  return (request, response) => {
    const path = request.url?.split('?', 1)[0] ?? '/';
    if (path !== PATH && !path.startsWith(`${PATH}/`)) return false;
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405, { allow: 'GET, HEAD' }).end();
      return true;
    }
    const endpoint = reachable(options.endpoint, request);
    const rendered = renderOptions({ ...options, endpoint });
    for (const [name, value] of Object.entries(securityHeaders(endpoint))) response.setHeader(name, value);
    const name = path.slice(PATH.length + 1);
    if (name === '') send(response, 'text/html;charset=utf-8', renderAltair(rendered));
    else if (name === INIT_SCRIPT) send(response, 'text/javascript', renderInitSnippet(rendered));
    else {
      request.url = `/${name}`;
      answerWithFile(files, request, response);
    }
    return true;
  };
}

function send(response: ServerResponse, type: string, body: string): void {
  response.writeHead(200, { 'content-type': type, 'cache-control': 'no-cache' }).end(body);
}

/** Altair evaluates request scripts in a worker and styles its editors from script. */
function securityHeaders(endpoint: string): Record<string, string> {
  const { origin } = new URL(endpoint);
  const policy = [
    "default-src 'self'",
    "script-src 'self' 'unsafe-eval'",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "font-src 'self' data:",
    `connect-src 'self' ${origin} ${origin.replace(/^http/, 'ws')}`,
    "worker-src 'self' blob:",
    "form-action 'none'",
    "frame-ancestors 'self'",
  ];
  return {
    'content-security-policy': policy.join('; '),
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
  };
}
