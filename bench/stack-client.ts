import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** What the stack's process is started with: function variables on top of the template's. */
export interface StackProcessStart {
  readonly functionEnvironment: Readonly<Record<string, string>>;
  /** Replaces the template's timeout of the function that `sendMessage` invokes. */
  readonly generateTimeoutMs?: number;
  /** Where all that functions and resolvers log goes. @defaultValue warnings and errors to standard error */
  readonly logFile?: string;
}

/** What the stack's process says; `failed` is its last word. */
export type FromStackProcess =
  | {
      readonly kind: 'ready';
      readonly graphqlUrl: string;
      readonly realtimeUrl: string;
      readonly httpUrl: string;
      readonly offlineModelUrl: string;
      readonly apiKey: string;
      readonly token: string;
    }
  | { readonly kind: 'failed'; readonly message: string };

/** A local stack that runs in another process. */
export interface StackProcess extends Omit<Extract<FromStackProcess, { kind: 'ready' }>, 'kind'> {
  /** Ends the process and everything it started. */
  close(): Promise<void>;
}

/** Sends a mutation as the stack's user; resolves to its data and rejects with its errors. */
export async function mutate(
  { graphqlUrl, token }: Pick<StackProcess, 'graphqlUrl' | 'token'>,
  query: string,
  variables: Record<string, unknown>,
): Promise<unknown> {
  const response = await fetch(graphqlUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: token },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = (await response.json()) as { data?: unknown; errors?: unknown };
  if (errors) throw new Error(`The mutation failed: ${JSON.stringify(errors)}`);
  return data;
}

/** Starts the local stack in a process of its own; rejects with its error when it cannot start. */
export async function startStackProcess(start: StackProcessStart): Promise<StackProcess> {
  const child = fork(fileURLToPath(new URL('./stack-process.ts', import.meta.url)), { execArgv: [] });
  const exited = once(child, 'exit');
  child.send(start);
  const answer = await Promise.race([
    once(child, 'message').then(([message]) => message as FromStackProcess),
    exited.then(() => ({ kind: 'failed', message: 'The process of the stack has ended' }) as const),
  ]);
  if (answer.kind === 'failed') throw new Error(answer.message);
  return {
    ...answer,
    async close() {
      if (child.connected) child.disconnect();
      await exited;
    },
  };
}
