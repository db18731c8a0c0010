import type { IncomingMessage } from 'node:http';

/**
 * Reads a request's whole body; undefined when it is longer than `limitBytes`. What lies beyond the limit is read and dropped, so that
 * the client gets to read the refusal. Rejects when the client goes away in the middle.
 */
export async function readBody(request: IncomingMessage, limitBytes: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= limitBytes) chunks.push(chunk);
    else chunks.length = 0;
  }
  return bytes <= limitBytes ? Buffer.concat(chunks) : undefined;
}
