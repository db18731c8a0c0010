import { MAX_SSE_BUFFER_BYTES } from '../../protocol/limits.ts';

/**
 * A response body that nothing has to wait for: at most 1 MB waits for a slow reader, then the body closes and the client
 * resumes. Writing to a closed body does nothing. Whoever can wait, because no generation hangs on it, asks for `room`.
 */
export class BodySink {
  readonly body: ReadableStream<Uint8Array>;
  readonly #encoder = new TextEncoder();
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #room: PromiseWithResolvers<void> | undefined;

  constructor(maxBufferBytes: number = MAX_SSE_BUFFER_BYTES) {
    this.body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        pull: () => this.#makeRoom(),
        cancel: () => {
          this.#controller = undefined;
          this.#makeRoom();
        },
      },
      new ByteLengthQueuingStrategy({ highWaterMark: maxBufferBytes }),
    );
  }

  /** Whether the body still takes text. */
  get isOpen(): boolean {
    return this.#controller !== undefined;
  }

  /** Whether a write would not close the body for lack of room. */
  get hasRoom(): boolean {
    return (this.#controller?.desiredSize ?? 0) > 0;
  }

  /** Resolves when there is room, or the body is closed. */
  room(): Promise<void> {
    if (!this.isOpen || this.hasRoom) return Promise.resolve();
    this.#room ??= Promise.withResolvers<void>();
    return this.#room.promise;
  }

  /** Appends text; closes the body instead when the reader is too far behind. */
  write(text: string): void {
    if (!this.#controller) return;
    if (this.hasRoom) this.#controller.enqueue(this.#encoder.encode(text));
    else this.close();
  }

  /** Ends the body with texts that leave even when there is no room for them. Does nothing once the body is closed. */
  endWith(...texts: readonly string[]): void {
    for (const text of texts) this.#controller?.enqueue(this.#encoder.encode(text));
    this.close();
  }

  /** Ends the body after what was written. */
  close(): void {
    this.#controller?.close();
    this.#controller = undefined;
    this.#makeRoom();
  }

  #makeRoom(): void {
    this.#room?.resolve();
    this.#room = undefined;
  }
}
