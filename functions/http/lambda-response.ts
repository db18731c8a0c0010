import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream as NodeReadableStream } from 'node:stream/web';

/**
 * Writes a response as every front reads it: metadata, which the runtime ends with eight NUL bytes, then the body as it comes. Cookies are
 * apart, as a header cannot be repeated in the metadata. Resolves when the stream has ended.
 */
export async function writeResponse(response: Response, stream: Writable): Promise<void> {
  const headers = Object.fromEntries([...response.headers].filter(([name]) => name !== 'set-cookie'));
  const cookies = response.headers.getSetCookie();
  const metadata = { statusCode: response.status, headers, cookies };
  const out = awslambda.HttpResponseStream.from(stream, metadata);
  // The metadata leaves with the first write, also an empty one, and never with the end.
  out.write('');
  if (response.body) await pipeline(response.body as NodeReadableStream<Uint8Array>, out);
  else out.end();
}
