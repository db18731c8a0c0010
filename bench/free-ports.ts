import { createServer, type Server } from 'node:net';

/** What a stack takes: the base port and its neighbours. */
const PORTS = 3;
/** Below the range from which systems give out ports by themselves: no socket takes one by chance before the stack does. */
const [LOWEST, HIGHEST] = [12_000, 32_000];

/** The first of the neighbouring ports that a stack takes, all free a moment ago. */
export async function freePorts(): Promise<number> {
  for (let tries = 0; tries < 50; tries += 1) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST));
    const servers = await Promise.all(Array.from({ length: PORTS }, (_none, index) => opened(port + index)));
    for (const server of servers) server?.close();
    if (servers.every((server) => server !== undefined)) return port;
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
