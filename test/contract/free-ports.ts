import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';

/** What a stack takes: the base port and its neighbours. */
const PORTS = 3;

/** The first of the neighbouring ports that a stack takes, all free a moment ago. */
export async function freePorts(): Promise<number> {
  for (let tries = 0; tries < 50; tries += 1) {
    const first = createServer().listen(0, '127.0.0.1');
    await once(first, 'listening');
    const { port } = first.address() as AddressInfo;
    const others = await Promise.all(
      Array.from({ length: PORTS - 1 }, (_none, index) => opened(port + 1 + index)),
    );
    for (const server of [first, ...others]) server?.close();
    if (others.every((server) => server !== undefined) && port + PORTS <= 65_000) return port;
  }
  throw new Error(`No ${PORTS} neighbouring ports are free`);
}

function opened(port: number): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}
