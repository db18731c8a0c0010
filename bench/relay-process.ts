/**
 * The least a door behind a worker thread can do: a listener in the main thread, a request to the model in a worker thread, its
 * bytes handed over unread. What it adds is the price of the hops on this machine; a door cannot add less. Forked with the
 * model's base URL as its word; tells its own base URL and ends with its parent.
 */
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

/** Bytes as text of one unit a byte, the cheapest message between threads; null ends the answer. */
type Piece = string | null;

async function serve(modelUrl: string): Promise<void> {
  const server = createServer({ noDelay: true }, (incoming, response) => {
    incoming.resume();
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const worker = new Worker(new URL(import.meta.url), { workerData: modelUrl, execArgv: [] });
    worker.on('message', (piece: Piece) => {
      if (piece === null) response.end();
      else response.write(piece, 'latin1');
    });
    worker.on('error', () => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  process.once('disconnect', () => process.exit(0));
  process.send?.(`http://127.0.0.1:${port}`);
}

function forward(modelUrl: string): void {
  const post = (piece: Piece) => parentPort?.postMessage(piece);
  const outgoing = request(`${modelUrl}/chat/completions`, { method: 'POST' }, (answer) => {
    answer.setEncoding('latin1');
    answer.on('data', post);
    answer.on('end', () => post(null));
  });
  outgoing.end('{}');
}

if (isMainThread) await serve(process.argv[2] ?? '');
else forward(workerData as string);
