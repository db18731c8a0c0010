import { parseArgs } from 'node:util';

const DEFAULT_PORT = 4_000;

/** What `npm start` was asked for. */
export interface StartOptions {
  port: number;
  host: string;
  keepsData: boolean;
  isVerbose: boolean;
  reloads: boolean;
}

/** Words that `npm start` does not take; the message says which it does. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Reads the words after `npm start --`, and `CHAT_PORT`. Throws `UsageError`. */
export function readOptions(words: string[], environment: NodeJS.ProcessEnv): StartOptions {
  let values;
  try {
    ({ values } = parseArgs({
      args: words,
      options: {
        port: { type: 'string' },
        host: { type: 'string', default: '127.0.0.1' },
        memory: { type: 'boolean', default: false },
        verbose: { type: 'boolean', default: false },
        'no-watch': { type: 'boolean', default: false },
      },
    }));
  } catch (error) {
    throw new UsageError(
      `${(error as Error).message}. Options: --port N, --host ADDRESS, --memory, --verbose, --no-watch`,
    );
  }
  const port = Number(values.port ?? environment.CHAT_PORT ?? DEFAULT_PORT);
  if (!Number.isInteger(port) || port < 1 || port > 65_000)
    throw new UsageError('--port takes a number from 1 to 65000');
  return {
    port,
    host: values.host,
    keepsData: !values.memory,
    isVerbose: values.verbose,
    reloads: !values['no-watch'],
  };
}
