import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import type { RequestHandler } from 'sirv';

/**
 * Answers a GET or HEAD with a file, 404 when sirv has none. A file that is gone between sirv's look and its reading (a page built anew)
 * ends this response only: sirv leaves such an error to the process.
 */
export function answerWithFile(
  files: RequestHandler,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  // sirv throws on ranges that do not fit, and no page asks for parts of its files.
  delete request.headers.range;
  response.once('pipe', (file: Readable) => file.once('error', () => response.destroy()));
  files(request, response, () => {
    response.writeHead(404, { 'content-type': 'text/plain' }).end('Not found\n');
  });
}
