import { Writable } from 'node:stream';

import type { FromWorker } from './messages.ts';

/** Content type that announces the JSON prelude with status, headers and cookies. */
export const HTTP_INTEGRATION = 'application/vnd.awslambda.http-integration-response';

/** Body units (UTF-16 units or bytes) that may be on their way to the client before `write` stops calling back. */
const WINDOW_UNITS = 256 * 1024;

/** Sends a message to the parent; buffers in `transfer` move instead of being copied. */
export type Post = (message: FromWorker, transfer?: ArrayBuffer[]) => void;

/**
 * The response stream of one streaming invocation. As on AWS, content type and prelude leave with the first `write` (also an empty one) and
 * not with `end`; a value that is neither string nor bytes is written as JSON. Back-pressure is by credit: see `taken`.
 */
export class ResponseStream extends Writable {
  /** JSON text set by `HttpResponseStream.from`, serialised at that moment. */
  prelude: string | undefined;
  #contentType = 'application/octet-stream';
  #headSent = false;
  #underway = 0;
  #blocked: (() => void) | undefined;
  readonly #post: Post;

  constructor(post: Post) {
    super({ decodeStrings: false });
    this.#post = post;
  }

  /** Throws once the first write has gone out. */
  setContentType(contentType: string): void {
    if (this.#headSent) throw new Error('Cannot set content-type, too late.');
    this.#contentType = contentType;
  }

  override write(chunk: unknown, ...rest: unknown[]): boolean {
    const data = typeof chunk === 'string' || chunk instanceof Uint8Array ? chunk : JSON.stringify(chunk);
    this.#sendHead(this.prelude);
    return (super.write as (...parts: unknown[]) => boolean)(data, ...rest);
  }

  override _write(chunk: string | Uint8Array, encoding: BufferEncoding, callback: () => void): void {
    this.#sendHead(undefined);
    if (typeof chunk === 'string' && (encoding === 'utf8' || encoding === 'utf-8')) {
      this.#post({ kind: 'chunk', data: chunk });
    } else {
      // A Buffer is usually a view on a shared pool, which must not be transferred: only this exact copy is.
      const bytes = new Uint8Array(typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk);
      this.#post({ kind: 'chunk', data: bytes }, [bytes.buffer]);
    }
    this.#underway += chunk.length;
    if (this.#underway < WINDOW_UNITS) callback();
    else this.#blocked = callback;
  }

  override _final(callback: () => void): void {
    this.#sendHead(undefined);
    this.#post({ kind: 'bodyEnd' });
    callback();
  }

  /** The client took that many units; a write that waited for room goes on. */
  taken(units: number): void {
    this.#underway -= units;
    if (this.#underway >= WINDOW_UNITS) return;
    const resume = this.#blocked;
    this.#blocked = undefined;
    resume?.();
  }

  #sendHead(prelude: string | undefined): void {
    if (this.#headSent) return;
    this.#headSent = true;
    this.#post({ kind: 'head', contentType: this.#contentType, prelude });
  }
}

/** A handler in either form; the runtime recognises a streaming one by `STREAMING`. */
export type Handler = ((...parts: unknown[]) => unknown) & { [STREAMING]?: true };

/** Marks a handler that `streamifyResponse` went over. */
export const STREAMING = Symbol.for('aws.lambda.runtime.handler.streaming');

/** The `awslambda` global of the Node.js runtimes. */
export const awslambda = {
  /** Marks the handler as streaming and returns it. */
  streamifyResponse(handler: Handler): Handler {
    handler[STREAMING] = true;
    return handler;
  },
  HttpResponseStream: {
    /** Returns the same stream; `metadata` is serialised now, later changes to it have no effect. */
    from(stream: ResponseStream, metadata: unknown): ResponseStream {
      stream.setContentType(HTTP_INTEGRATION);
      stream.prelude = JSON.stringify(metadata);
      return stream;
    },
  },
};
