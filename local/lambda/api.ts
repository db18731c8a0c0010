import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

import { AccessDeniedError } from '../iam/principals.ts';
import type { Principal, Principals } from '../iam/principals.ts';
import { parseAuthorization } from '../iam/sigv4.ts';
import { readBody } from './request-body.ts';
import { LambdaServiceError, PAYLOAD_LIMIT_BYTES } from './service.ts';
import type { LambdaService } from './service.ts';

const INVOCATIONS = /^\/2015-03-31\/functions\/([^/]+)\/invocations$/;

/** What the API needs. */
export interface LambdaApiOptions {
  service: Pick<LambdaService, 'invoke'>;
  principals: Pick<Principals, 'byAccessKey'>;
}

interface Refusal {
  statusCode: number;
  code: string;
  message: string;
}

function refusalOf(cause: unknown): Refusal {
  if (cause instanceof AccessDeniedError)
    return { statusCode: 403, code: cause.code, message: cause.message };
  if (cause instanceof LambdaServiceError) return cause;
  return {
    statusCode: 500,
    code: 'ServiceException',
    message: 'An internal error of the local Lambda service.',
  };
}

function refuse(response: ServerResponse, { statusCode, code, message }: Refusal): void {
  response.writeHead(statusCode, {
    'content-type': 'application/json',
    'x-amzn-errortype': code,
    'x-amzn-requestid': randomUUID(),
  });
  // The SDK reads either spelling; Lambda's model names the member Message and sends Type beside it.
  response.end(JSON.stringify({ Type: statusCode < 500 ? 'User' : 'Service', Message: message, message }));
}

function callerOf(request: IncomingMessage, principals: Pick<Principals, 'byAccessKey'>): Principal {
  const authorization = parseAuthorization(request.headers.authorization);
  if (authorization === undefined)
    throw new LambdaServiceError('MissingAuthenticationTokenException', 403, 'Missing Authentication Token');
  const principal = principals.byAccessKey(authorization.accessKeyId);
  if (principal === undefined)
    throw new LambdaServiceError(
      'UnrecognizedClientException',
      403,
      'The security token included in the request is invalid.',
    );
  return principal;
}

function payloadOf(body: Buffer): unknown {
  if (body.length === 0) return {};
  try {
    return JSON.parse(body.toString()) as unknown;
  } catch {
    throw new LambdaServiceError(
      'InvalidRequestContentException',
      400,
      'Could not parse request body into json: the payload is not valid JSON.',
    );
  }
}

async function handle(
  request: IncomingMessage,
  response: ServerResponse,
  functionArn: string,
  options: LambdaApiOptions,
): Promise<void> {
  const body = await readBody(request, PAYLOAD_LIMIT_BYTES.RequestResponse);
  const principal = callerOf(request, options.principals);
  const invocationType = request.headers['x-amz-invocation-type'] ?? 'RequestResponse';
  if (invocationType !== 'RequestResponse' && invocationType !== 'Event')
    throw new LambdaServiceError(
      'InvalidParameterValueException',
      400,
      `Invocation type ${String(invocationType)} is not supported by the local stack.`,
    );
  if (body === undefined)
    throw new LambdaServiceError(
      'RequestTooLargeException',
      413,
      `Request must be smaller than ${PAYLOAD_LIMIT_BYTES[invocationType]} bytes for the InvokeFunction operation`,
    );
  const answer = await options.service.invoke({
    functionArn,
    invocationType,
    payload: payloadOf(body),
    principal,
  });
  if (invocationType === 'Event') {
    response.writeHead(202, { 'x-amzn-requestid': answer.requestId }).end();
    return;
  }
  response.writeHead(200, {
    'content-type': 'application/json',
    'x-amz-executed-version': '$LATEST',
    'x-amzn-requestid': answer.requestId,
    ...(answer.functionError === undefined ? {} : { 'x-amz-function-error': 'Unhandled' }),
  });
  response.end(JSON.stringify(answer.payload));
}

/**
 * The part of Lambda's HTTP API that an AWS SDK inside a function uses: Invoke. Returns false, untouched, for any other path. The caller is
 * known by the access key in its Authorization header; the signature itself is not verified (only functions of this stack hold keys).
 */
export function createLambdaApi(options: LambdaApiOptions) {
  return (request: IncomingMessage, response: ServerResponse): boolean => {
    const path = (request.url ?? '').split('?')[0]!;
    const match = INVOCATIONS.exec(path);
    if (match === null || request.method !== 'POST') return false;
    handle(request, response, decodeURIComponent(match[1]!), options).catch((cause: unknown) => {
      if (!response.headersSent) refuse(response, refusalOf(cause));
    });
    return true;
  };
}
