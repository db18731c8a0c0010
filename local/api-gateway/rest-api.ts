import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

import { PAYLOAD_LIMIT_BYTES, readBody } from '../lambda/index.ts';
import type { LambdaService } from '../lambda/index.ts';
import type { RestApiModel, RestMethodModel } from '../template/index.ts';
import { restEvent } from './rest-event.ts';
import { StreamedResponse } from './streamed-response.ts';
import { createThrottle } from './throttle.ts';

/** What a REST API needs. */
export interface RestApiOptions {
  api: RestApiModel;
  service: Pick<LambdaService, 'stream'>;
  now?: () => number;
}

/** https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html */
const MAX_REQUEST_BYTES = 10 * 1024 * 1024;

/** What API Gateway answers itself. */
const REFUSALS = {
  403: ['ForbiddenException', 'Forbidden'],
  413: ['RequestTooLargeException', 'Request Too Long'],
  429: ['TooManyRequestsException', 'Too Many Requests'],
  502: ['InternalServerErrorException', 'Internal server error'],
  504: ['InternalServerErrorException', 'Endpoint request timed out'],
} as const;

/** Splits a target into the path below the stage and the query; undefined for another stage. */
function belowStage(target: string, stageName: string): { path: string; search: string } | undefined {
  const [, stage, path = '/', search = ''] = /^\/([^/?]*)(\/[^?]*)?(?:\?(.*))?$/s.exec(target) ?? [];
  return stage === stageName ? { path, search } : undefined;
}

function methodFor(methods: readonly RestMethodModel[], path: string): RestMethodModel | undefined {
  return methods.find((method) => (method.path === '/') === (path === '/'));
}

/**
 * The handler of a REST API, for a listener of its own: `/<stage>/...` of any method streams from the function of the path's method. When
 * the client leaves the function runs on and the rest is discarded. What API Gateway refuses itself has its own shape, with the headers of
 * the template's gateway responses.
 */
export function createRestApi({ api, service, now = Date.now }: RestApiOptions) {
  const mayPass = api.throttle ? createThrottle(api.throttle, now) : () => true;

  function refuse(response: ServerResponse, status: keyof typeof REFUSALS): void {
    const [type, message] = REFUSALS[status];
    const kind = status < 500 ? 'DEFAULT_4XX' : 'DEFAULT_5XX';
    response.writeHead(status, {
      'content-type': 'application/json',
      'x-amzn-errortype': type,
      'x-amzn-requestid': randomUUID(),
      ...api.gatewayResponses.find((added) => added.type === kind)?.headers,
    });
    response.end(JSON.stringify({ message }));
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const below = belowStage(request.url ?? '/', api.stageName);
    const method = below && methodFor(api.methods, below.path);
    if (!below || !method) return refuse(response, 403);
    if (!mayPass()) return refuse(response, 429);
    const body = await readBody(request, MAX_REQUEST_BYTES);
    if (body === undefined) return refuse(response, 413);
    const requestId = randomUUID();
    const payload = JSON.stringify(restEvent({ request, body, api, method, ...below }, requestId, now()));
    if (Buffer.byteLength(payload) > PAYLOAD_LIMIT_BYTES.RequestResponse) return refuse(response, 413);
    const sink = new StreamedResponse(response, {
      requestId,
      limits: { idleMs: api.idleMs, timeoutMs: method.timeoutMs },
      refuse: (status) => refuse(response, status),
    });
    sink.settle(await service.stream({ functionArn: method.functionArn, payload, sink }).done);
  }

  return (request: IncomingMessage, response: ServerResponse): void => {
    answer(request, response).catch(() => {
      // The body could not be read (the client left) or the service is closing.
      if (!response.headersSent) refuse(response, 502);
      else response.destroy();
    });
  };
}
