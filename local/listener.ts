import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** A listener whose handler comes later: addresses must be known before the template can be resolved. */
export interface Listener {
  readonly url: string;
  readonly server: Server;
  handle: Handler;
  close(): Promise<void>;
}

/** Listens on a port, 0 for a free one; answers 503 until it has a handler. Rejects when the port is taken. */
export async function listen(host: string, port: number): Promise<Listener> {
  const server = createServer({ keepAliveTimeout: 60_000 });
  const listener: Listener = {
    url: '',
    server,
    handle: (_request, response) => response.writeHead(503).end(),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  server.on('request', (request, response) => listener.handle(request, response));
  server.on('connection', (socket) => socket.setNoDelay(true));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const address = server.address() as AddressInfo;
  return Object.assign(listener, {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`,
  });
}
