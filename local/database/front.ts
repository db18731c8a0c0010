import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { crc32 } from 'node:zlib';
import type { AccessCheck, Refusal } from './access-check.ts';
import {
  askForCapacity,
  consumesCapacity,
  isWrite,
  withoutCapacity,
  type AnsweredRequest,
  type CapacityCounter,
} from './consumed-capacity.ts';
import type { FaultGate } from './fault-gate.ts';
import { isImplemented, partitionOf, tableNamesOf, type OperationInput } from './operations.ts';

const MAX_BODY_BYTES = 16 * 1024 * 1024;

/** What stands before dynalite. */
export interface FrontOptions {
  /** dynalite's own request listener. */
  database: RequestListener;
  access: AccessCheck;
  counter: CapacityCounter;
  faults: Pick<FaultGate, 'pass'>;
  hashKeyOf: (table: string) => string | undefined;
  /** Told about an operation that dynalite does not have, because the caller's SDK may hide the refusal. */
  onUnsupported: (operation: string) => void;
}

/**
 * Creates the listener of the database port: IAM check, faults and capacity count, then dynalite in the same process.
 *
 * A refused request changes nothing. What is no DynamoDB operation, and what dynalite does not implement, is answered by dynalite
 * itself. A request whose client leaves before its end is dropped.
 */
export function createFront(options: FrontOptions): RequestListener {
  return (req, res) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    req.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= MAX_BODY_BYTES) chunks.push(chunk);
    });
    req.on('error', () => res.destroy());
    req.on('end', () => {
      if (bytes > MAX_BODY_BYTES) res.writeHead(413).end();
      else answer(options, req, res, Buffer.concat(chunks).toString('utf8'));
    });
  };
}

function answer(options: FrontOptions, req: IncomingMessage, res: ServerResponse, body: string): void {
  const operation = operationOf(req);
  const input = operation === undefined ? undefined : parseInput(body);
  if (operation === undefined || input === undefined) return options.database(replay(req, body), res);
  if (!isImplemented(operation)) {
    options.onUnsupported(operation);
    return options.database(replay(req, body), res);
  }

  const { access, faults } = options;
  const { authorization } = req.headers;
  const refusal = access.refusalOf(authorization, operation, input);
  if (refusal !== undefined) return send(res, 400, refusal);
  if (!consumesCapacity(operation)) return options.database(replay(req, body), res);

  const request = { req, res, isWrite: isWrite(operation), callerArn: access.callerOf(authorization) };
  faults.pass(request, () => run(options, { req, res, body, operation, input }), send);
}

interface AllowedRequest {
  req: IncomingMessage;
  res: ServerResponse;
  body: string;
  operation: string;
  input: OperationInput;
}

function run(options: FrontOptions, { req, res, body, operation, input }: AllowedRequest): void {
  const isAsked = input.ReturnConsumedCapacity !== undefined;
  const counted: AnsweredRequest = {
    operation,
    tables: tableNamesOf(operation, input),
    partition: partitionOf(operation, input, options.hashKeyOf),
  };
  countAnswer(res, options.counter, counted, isAsked);
  options.database(replay(req, isAsked ? body : askForCapacity(body)), res);
}

/** dynalite gives its whole body to `end`, after its headers: there it is read, and rewritten when the caller asked for no capacity. */
function countAnswer(
  res: ServerResponse,
  counter: CapacityCounter,
  request: AnsweredRequest,
  isAsked: boolean,
): void {
  const end = res.end.bind(res) as (body: string) => ServerResponse;
  const countAndEnd = (body: string): ServerResponse => {
    counter.count(request, res.statusCode, body);
    if (isAsked) return end(body);
    const shown = withoutCapacity(body);
    if (shown !== body) setBodyHeaders(res, shown);
    return end(shown);
  };
  res.end = countAndEnd as ServerResponse['end'];
}

function send(res: ServerResponse, status: number, error: Refusal): void {
  const body = JSON.stringify(error);
  res.statusCode = status;
  res.setHeader('content-type', 'application/x-amz-json-1.0');
  setBodyHeaders(res, body);
  res.end(body);
}

function setBodyHeaders(res: ServerResponse, body: string): void {
  res.setHeader('x-amz-crc32', crc32(body));
  res.setHeader('content-length', Buffer.byteLength(body));
}

/** The request again, with its body, for dynalite, which reads method, url, headers and the stream and nothing else. */
function replay(req: IncomingMessage, body: string): IncomingMessage {
  const { method, url, headers } = req;
  const source = new Readable({ read: () => undefined });
  if (body !== '') source.push(body);
  source.push(null);
  return Object.assign(source, { method, url, headers }) as Readable as IncomingMessage;
}

function operationOf(req: IncomingMessage): string | undefined {
  const target = req.headers['x-amz-target'];
  return req.method === 'POST' && typeof target === 'string'
    ? /^DynamoDB_\d+\.(\w+)$/.exec(target)?.[1]
    : undefined;
}

function parseInput(body: string): OperationInput | undefined {
  try {
    const input: unknown = JSON.parse(body);
    return typeof input === 'object' && input !== null && !Array.isArray(input)
      ? (input as OperationInput)
      : undefined;
  } catch {
    return undefined;
  }
}
