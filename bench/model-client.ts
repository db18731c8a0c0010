import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { machineNow } from './clock.ts';
import type { ModelAnswer } from './model-server.ts';

/** What the model's process is told. */
export type ToModelProcess = ({ readonly kind: 'start' } & ModelAnswer) | { readonly kind: 'sent' };

/** What the model's process answers. */
export type FromModelProcess =
  | { readonly kind: 'started'; readonly baseUrl: string }
  | {
      readonly kind: 'sent';
      readonly now: number;
      readonly sentAt: readonly (readonly number[])[];
      readonly leftAt: readonly (number | null)[];
    };

/** A model server in another process. */
export interface ModelProcess {
  /** Base URL for an OpenAI client. */
  readonly baseUrl: string;
  /** For each request so far, in order: `machineNow()` just before each token was written to the socket. */
  sent(): Promise<readonly (readonly number[])[]>;
  /** For each request so far, in order: `machineNow()` when its reader left before the end; null if it did not. */
  left(): Promise<readonly (number | null)[]>;
  /** Ends the process. */
  close(): Promise<void>;
}

/** Whether a time stamped by another process lies between two of one's own, so that both read the same clock. */
export function isSameClock(before: number, theirs: number, after: number): boolean {
  return before <= theirs && theirs <= after;
}

/** Starts the model in a process of its own. `sent` and `left` throw when the two processes do not share a clock. */
export async function startModelProcess(modelAnswer: ModelAnswer): Promise<ModelProcess> {
  const child = fork(fileURLToPath(new URL('./model-process.ts', import.meta.url)), { execArgv: [] });
  const exited = once(child, 'exit');
  const ask = async (message: ToModelProcess): Promise<FromModelProcess> => {
    child.send(message);
    return await Promise.race([
      once(child, 'message').then(([reply]) => reply as FromModelProcess),
      exited.then((): never => {
        throw new Error('The process of the model has ended');
      }),
    ]);
  };
  const started = await ask({ kind: 'start', ...modelAnswer });
  if (started.kind !== 'started') throw new Error('The process of the model did not start');
  const stamps = async () => {
    const before = machineNow();
    const reply = await ask({ kind: 'sent' });
    if (reply.kind !== 'sent' || !isSameClock(before, reply.now, machineNow()))
      throw new Error('The processes do not share a clock');
    return reply;
  };
  return {
    baseUrl: started.baseUrl,
    sent: async () => (await stamps()).sentAt,
    left: async () => (await stamps()).leftAt,
    async close() {
      if (child.connected) child.disconnect();
      await exited;
    },
  };
}
