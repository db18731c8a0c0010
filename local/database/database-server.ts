import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import dynalite from 'dynalite';
import { createAccessCheck, type AccessCheck } from './access-check.ts';
import { createCapacityCounter, type CapacityCounter } from './consumed-capacity.ts';
import { createFaultGate, type FaultGate } from './fault-gate.ts';
import { createFront } from './front.ts';
import type { StartMessage } from './messages.ts';
import { createMissingTables, sendTo } from './tables.ts';

/** A listening database. */
export interface DatabaseServer {
  endpoint: string;
  access: AccessCheck;
  counter: CapacityCounter;
  faults: FaultGate;
  /** Ends open connections, then closes the store. */
  close(): Promise<void>;
}

/**
 * Opens the store, creates its tables and listens on a free port.
 *
 * Writes reach the store's log before they are answered, so a killed process loses nothing that was answered.
 */
export async function openDatabase(
  settings: Omit<StartMessage, 'type' | 'withOfflineModel'>,
  onUnsupported: (operation: string) => void,
): Promise<DatabaseServer> {
  const { host, path, tables, principals, arnPrefix } = settings;
  if (path !== undefined) await mkdir(path, { recursive: true });
  const server = dynalite({ path, createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 });
  const [database] = server.listeners('request') as RequestListener[];
  if (database === undefined) throw new Error('dynalite has no request listener');

  const arns = new Map(tables.map(({ name, arn }) => [name, arn]));
  const hashKeys = new Map(
    tables.map(({ name, keySchema }) => [
      name,
      keySchema.find(({ KeyType }) => KeyType === 'HASH')?.AttributeName,
    ]),
  );
  const access = createAccessCheck(principals, (name) => arns.get(name) ?? `${arnPrefix}${name}`);
  const counter = createCapacityCounter();
  const faults = createFaultGate();
  // Callers keep their connections: one that ends while a request is on its way would look like a failed database.
  server.keepAliveTimeout = 0;
  // dynalite's server is kept, with another listener, because its close also closes the store.
  server.removeAllListeners('request');
  server.on(
    'request',
    createFront({
      database,
      access,
      counter,
      faults,
      hashKeyOf: (name) => hashKeys.get(name),
      onUnsupported,
    }),
  );

  await createMissingTables(tables, sendTo(database));
  server.listen(0, host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://${host}:${port}`,
    access,
    counter,
    faults,
    close: () =>
      new Promise((resolve, reject) => {
        faults.close();
        server.close((error) => (error ? reject(error) : resolve()));
        server.closeAllConnections();
      }),
  };
}
