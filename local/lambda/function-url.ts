import { randomUUID } from 'node:crypto';
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';

import type { LambdaModel } from '../template/lambda-model.ts';
import type { Outcome } from './failure.ts';
import { functionUrlEvent } from './function-url-event.ts';
import type { HttpMetadata, ResponseHead, ResponseSink } from './invocation.ts';
import { ORIGIN_SIGNATURE, originRefusal } from './origin-access.ts';
import { readBody } from './request-body.ts';
import { HTTP_INTEGRATION } from './response-stream.ts';
import { PAYLOAD_LIMIT_BYTES } from './service.ts';
import type { LambdaService } from './service.ts';

/** What a Function URL needs. */
export interface FunctionUrlOptions {
  lambda: Pick<LambdaModel, 'arn' | 'logicalId' | 'url'>;
  service: Pick<LambdaService, 'invoke' | 'stream'>;
  now?: () => number;
}

/** Of the event as JSON: a body in base64 counts a third more than its bytes. */
const MAX_EVENT_BYTES = PAYLOAD_LIMIT_BYTES.RequestResponse;

function writeHead(
  response: ServerResponse,
  requestId: string,
  { statusCode, headers, cookies }: HttpMetadata,
): void {
  const out: OutgoingHttpHeaders = { 'content-type': 'application/json', 'x-amzn-requestid': requestId };
  for (const [name, value] of Object.entries(headers)) out[name.toLowerCase()] = value;
  if (cookies.length > 0) out['set-cookie'] = cookies;
  response.writeHead(statusCode, out);
}

/** The answer for a function that failed before it gave a status: nothing of the cause reaches the client. */
function badGateway(response: ServerResponse, requestId: string): void {
  response.writeHead(502, { 'content-type': 'text/plain', 'x-amzn-requestid': requestId });
  response.end('Internal Server Error');
}

/** The answer to a request whose event is more than a function takes. */
function tooLarge(response: ServerResponse, requestId: string): void {
  response.writeHead(413, {
    'content-type': 'application/json',
    'x-amzn-errortype': 'RequestTooLargeException',
    'x-amzn-requestid': requestId,
  });
  const Message = `Request must be smaller than ${MAX_EVENT_BYTES} bytes for the InvokeFunction operation`;
  response.end(JSON.stringify({ Message }));
}

/** The answer to a request that is not signed as it must be. */
function forbid(response: ServerResponse, requestId: string, message: string): void {
  response.writeHead(403, {
    'content-type': 'application/json',
    'x-amzn-errortype': 'InvalidSignatureException',
    'x-amzn-requestid': requestId,
  });
  response.end(JSON.stringify({ message }));
}

/** Sends a streamed answer to the client. A client that left is fed to nowhere: the function never notices. */
class ResponseForwarder implements ResponseSink {
  requestId = '';
  readonly #response: ServerResponse;

  constructor(response: ServerResponse) {
    this.#response = response;
    // Writes to a client that left fail; that is what "discarded" means, so nobody needs to hear of it.
    response.on('error', () => undefined);
  }

  head({ contentType, metadata }: ResponseHead): void {
    if (metadata !== undefined) return writeHead(this.#response, this.requestId, metadata);
    if (contentType === HTTP_INTEGRATION) return;
    writeHead(this.#response, this.requestId, {
      statusCode: 200,
      headers: { 'content-type': contentType },
      cookies: [],
    });
  }

  write(chunk: string | Uint8Array, taken: () => void): void {
    // Without a head the stream announced a prelude and never sent one: see `end`.
    if (!this.#response.headersSent || this.#response.destroyed || chunk.length === 0) return taken();
    this.#response.write(chunk, () => taken());
  }

  end(): void {
    if (this.#response.headersSent) this.#response.end();
    else badGateway(this.#response, this.requestId);
  }

  /** A failed function: 502 while nothing was sent, else the connection is cut so that the client sees no proper end. */
  settle(outcome: Outcome): void {
    if (outcome.ok && outcome.payload !== undefined)
      sendResult(this.#response, this.requestId, JSON.parse(outcome.payload));
    else if (outcome.ok || this.#response.writableEnded) return;
    else if (this.#response.headersSent) this.#response.destroy();
    else badGateway(this.#response, this.requestId);
  }
}

/** Interprets a buffered result: an object with `statusCode` is a response, everything else the JSON body of a 200. */
function sendResult(response: ServerResponse, requestId: string, result: unknown): void {
  const given = (typeof result === 'object' && result !== null ? result : {}) as Partial<HttpMetadata> & {
    body?: unknown;
    isBase64Encoded?: boolean;
  };
  if (given.statusCode === undefined) {
    writeHead(response, requestId, { statusCode: 200, headers: {}, cookies: [] });
    response.end(typeof result === 'string' ? result : JSON.stringify(result));
    return;
  }
  writeHead(response, requestId, {
    statusCode: given.statusCode,
    headers: given.headers ?? {},
    cookies: given.cookies ?? [],
  });
  const body =
    typeof given.body === 'string' ? given.body : given.body === undefined ? '' : JSON.stringify(given.body);
  response.end(given.isBase64Encoded === true ? Buffer.from(body, 'base64') : body);
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  options: FunctionUrlOptions,
): Promise<void> {
  const { lambda, service, now = Date.now } = options;
  const body = await readBody(request, MAX_EVENT_BYTES);
  const httpRequestId = randomUUID();
  if (body === undefined) return tooLarge(response, httpRequestId);
  const event = functionUrlEvent(request, body, httpRequestId, now());
  if (lambda.url?.authType === 'AWS_IAM') {
    const refusal = originRefusal(request, body);
    if (refusal !== undefined) return forbid(response, httpRequestId, refusal);
    event.headers['authorization'] = ORIGIN_SIGNATURE;
  }
  const payload = JSON.stringify(event);
  if (Buffer.byteLength(payload) > MAX_EVENT_BYTES) return tooLarge(response, httpRequestId);
  if (lambda.url?.invokeMode === 'BUFFERED') {
    const call = { functionArn: lambda.arn, invocationType: 'RequestResponse', payload: event } as const;
    const { requestId, payload: result, functionError } = await service.invoke(call);
    return functionError === undefined
      ? sendResult(response, requestId, result)
      : badGateway(response, requestId);
  }
  const forwarder = new ResponseForwarder(response);
  const { requestId, done } = service.stream({ functionArn: lambda.arn, payload, sink: forwarder });
  forwarder.requestId = requestId;
  forwarder.settle(await done);
}

/**
 * The handler of a function's URL, for a listener of its own. Streams with back-pressure in RESPONSE_STREAM mode. When the client leaves the
 * function runs on and the rest is discarded. One of AuthType AWS_IAM stands for the CloudFront distribution that signs its requests; without
 * such a distribution it throws, as it does for a function without a URL.
 */
export function createFunctionUrl(options: FunctionUrlOptions) {
  const { logicalId, url } = options.lambda;
  if (url === undefined) throw new Error(`${logicalId} has no Function URL`);
  if (url.authType !== 'NONE' && !url.isBehindCloudFront)
    throw new Error(
      `${logicalId}: a Function URL with AuthType ${url.authType} is supported behind CloudFront alone`,
    );
  return (request: IncomingMessage, response: ServerResponse): void => {
    answer(request, response, options).catch(() => {
      // The body could not be read (the client left) or the service is closing: whoever is still there gets Lambda's answer for both.
      if (!response.headersSent) badGateway(response, randomUUID());
      else response.destroy();
    });
  };
}
