import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';

import type { Outcome, ResponseHead, ResponseSink } from '../lambda/index.ts';
import { DELIMITER, PreludeReader, type Prelude } from './prelude-reader.ts';

/** Headers of a function's answer that belong to the connection to the client. */
const OF_CONNECTION = new Set(['connection', 'content-length', 'date', 'keep-alive', 'transfer-encoding']);

/** How long a response may take. */
export interface ResponseLimits {
  /** From one piece to the next, the first one included. */
  readonly idleMs: number;
  /** From beginning to end. */
  readonly timeoutMs: number;
}

function headersOf({ headers, multiValueHeaders, cookies }: Prelude, requestId: string): OutgoingHttpHeaders {
  const out: OutgoingHttpHeaders = { 'content-type': 'application/json', 'x-amzn-requestid': requestId };
  const given = [...Object.entries(headers), ...Object.entries(multiValueHeaders)];
  for (const [name, value] of given)
    if (!OF_CONNECTION.has(name.toLowerCase())) out[name.toLowerCase()] = value;
  if (cookies.length > 0) out['set-cookie'] = cookies;
  return out;
}

/**
 * Sends a streamed answer to the client: the head once metadata and delimiter are read, then the body as it comes. A stream that is not as
 * it must be, or that is silent for too long, is refused while nothing was sent, else the connection is cut. What a function writes after
 * the client left, or after that, goes nowhere; the function never notices.
 */
export class StreamedResponse implements ResponseSink {
  readonly #response: ServerResponse;
  readonly #requestId: string;
  readonly #refuse: (status: 502 | 504) => void;
  readonly #reader = new PreludeReader();
  readonly #idle: NodeJS.Timeout;
  readonly #whole: NodeJS.Timeout;

  constructor(
    response: ServerResponse,
    {
      requestId,
      limits,
      refuse,
    }: { requestId: string; limits: ResponseLimits; refuse: (status: 502 | 504) => void },
  ) {
    this.#response = response;
    this.#requestId = requestId;
    this.#refuse = refuse;
    this.#idle = setTimeout(() => this.#fail(504), limits.idleMs);
    this.#whole = setTimeout(() => this.#fail(504), limits.timeoutMs);
    response.on('error', () => undefined);
    response.on('close', () => this.#stopTimers());
  }

  /** The runtime keeps the metadata apart; on the wire they are the beginning of the stream. */
  head({ prelude }: ResponseHead): void {
    if (prelude !== undefined) this.#read(Buffer.concat([Buffer.from(prelude), DELIMITER]), () => undefined);
  }

  write(chunk: string | Uint8Array, taken: () => void): void {
    this.#read(Buffer.from(chunk as Uint8Array), taken);
  }

  end(): void {
    this.#stopTimers();
    if (this.#response.headersSent) this.#response.end();
    else this.#fail(502);
  }

  /** A failed function, or one that answered without a stream. */
  settle(outcome: Outcome): void {
    if (!this.#response.writableEnded && (!outcome.ok || outcome.payload !== undefined)) this.#fail(502);
  }

  #read(piece: Buffer, taken: () => void): void {
    this.#idle.refresh();
    if (this.#response.destroyed || this.#response.writableEnded) return taken();
    let body: Uint8Array;
    try {
      body = this.#reader.read(piece);
    } catch {
      this.#fail(502);
      return taken();
    }
    const { prelude } = this.#reader;
    if (prelude && !this.#response.headersSent) {
      this.#response.writeHead(prelude.statusCode, headersOf(prelude, this.#requestId));
      this.#response.flushHeaders();
    }
    if (body.length === 0) return taken();
    this.#response.write(body, () => taken());
  }

  #fail(status: 502 | 504): void {
    this.#stopTimers();
    if (this.#response.headersSent) this.#response.destroy();
    else this.#refuse(status);
  }

  #stopTimers(): void {
    clearTimeout(this.#idle);
    clearTimeout(this.#whole);
  }
}
