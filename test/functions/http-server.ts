import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A server on a free port of this machine. */
export interface HttpServer {
  readonly url: string;
  /** Sockets that were ever opened. */
  readonly connections: () => number;
  close(): Promise<void>;
}

/** Starts a server that answers with `listener`; `close` breaks what is open. */
export async function startHttpServer(listener: RequestListener): Promise<HttpServer> {
  let connections = 0;
  const server = createServer(listener);
  server.on('connection', () => (connections += 1));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    connections: () => connections,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** The whole body of a request. */
export async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

/** Answers with Chat Completions chunks, then `[DONE]` unless told otherwise. */
export function sendChunks(response: ServerResponse, chunks: readonly object[], isDone = true): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  for (const chunk of chunks) response.write(`data: ${JSON.stringify(chunk)}\n\n`);
  response.end(isDone ? 'data: [DONE]\n\n' : '');
}
