import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inject, onTestFinished } from 'vitest';
import { createWebServer } from '../../local/web/server.ts';
import type { LocalTarget } from '../contract/target.ts';
import { startGate, type Gate } from './gate.ts';

/** A page whose way to the API can be closed. */
export interface GatedPage {
  readonly gate: Gate;
  /** Where the page is served, gate or no gate. */
  readonly origin: string;
}

/** Serves the page with an open gate between it and the API of a stack, until the test ends. */
export async function startGatedPage(target: LocalTarget): Promise<GatedPage> {
  const gate = await startGate(Number(new URL(target.graphqlUrl).port));
  const api = `http://127.0.0.1:${gate.port}`;
  const config = {
    endpoint: `${api}/graphql`,
    apiKey: target.apiKey,
    tokenUrl: `${api}/local/token`,
    model: { name: 'offline', isOffline: true },
  };
  const server = createServer(createWebServer({ root: inject('webRoot'), config, httpUrl: target.httpUrl }));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    server.closeAllConnections();
    server.close();
    await gate.shut();
  });
  return { gate, origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}
