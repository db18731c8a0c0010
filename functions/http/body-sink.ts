import { MAX_SSE_BUFFER_BYTES } from '../../protocol/limits.ts';

/**
 * A response body that is never awaited: at most 1 MB waits for a slow reader, then the body closes and the client
 * resumes. Writing to a closed body does nothing.
 */
export class BodySink {
  readonly body: ReadableStream<Uint8Array>;
  readonly #encoder = new TextEncoder();
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;

  constructor(maxBufferBytes: number = MAX_SSE_BUFFER_BYTES) {
    this.body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        cancel: () => {
          this.#controller = undefined;
        },
      },
      new ByteLengthQueuingStrategy({ highWaterMark: maxBufferBytes }),
    );
  }

  /** Whether the body still takes text. */
  get isOpen(): boolean {
    return this.#controller !== undefined;
  }

  /** Appends text; closes the body instead when the reader is too far behind. */
  write(text: string): void {
    if (!this.#controller) return;
    if ((this.#controller.desiredSize ?? 0) <= 0) this.close();
    else this.#controller.enqueue(this.#encoder.encode(text));
  }

  /** Ends the body after what was written. */
  close(): void {
    this.#controller?.close();
    this.#controller = undefined;
  }
}
