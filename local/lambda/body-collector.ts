import type { ResponseHead, ResponseSink } from './invocation.ts';

/** A sink that keeps a streamed answer whole; it takes every chunk at once. */
export class BodyCollector implements ResponseSink {
  received: ResponseHead | undefined;
  readonly #chunks: Buffer[] = [];

  head(head: ResponseHead): void {
    this.received = head;
  }

  write(chunk: string | Uint8Array, taken: () => void): void {
    this.#chunks.push(Buffer.from(chunk as Uint8Array));
    taken();
  }

  end(): void {
    // Nothing to close: the outcome of the invocation says when the body is complete.
  }

  /** What has been written so far, read as UTF-8. */
  text(): string {
    return Buffer.concat(this.#chunks).toString();
  }
}
