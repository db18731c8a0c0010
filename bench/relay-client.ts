import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** A bare relay in another process: what a door behind a worker thread costs at the least. */
export interface Relay {
  /** Base URL that answers as the model does. */
  readonly baseUrl: string;
  /** Ends the process. */
  close(): Promise<void>;
}

/** Starts a relay of a model in a process of its own; rejects when it ends before it listens. */
export async function startRelay(modelBaseUrl: string): Promise<Relay> {
  const entry = fileURLToPath(new URL('./relay-process.ts', import.meta.url));
  const child = fork(entry, [modelBaseUrl], { execArgv: [] });
  const exited = once(child, 'exit');
  const baseUrl = await Promise.race([
    once(child, 'message').then(([url]) => String(url)),
    exited.then((): never => {
      throw new Error('The process of the relay has ended');
    }),
  ]);
  return {
    baseUrl,
    async close() {
      if (child.connected) child.disconnect();
      await exited;
    },
  };
}
