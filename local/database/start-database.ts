import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { NODE_COMPILE_CACHE } from '../compile-cache.ts';
import type { FaultCounts, FaultSet } from '../faults/index.ts';
import type { DatabasePrincipal } from './access-check.ts';
import type { ConsumedUnits } from './consumed-capacity.ts';
import type { FromDatabase, ToDatabase } from './messages.ts';
import type { TableSpec } from './tables.ts';

const MAX_ENDING_MS = 2_500;

/** What a database is started with. */
export interface DatabaseOptions {
  host: string;
  /** Folder that keeps the data between starts; without one nothing is kept. */
  dataDir?: string;
  region: string;
  accountId: string;
  tables: readonly TableSpec[];
  principals: readonly DatabasePrincipal[];
  /** Runs the offline model in the same process. @defaultValue false */
  withOfflineModel?: boolean;
}

/** The database process is gone; the message says why, and is all that a person needs. */
export class DatabaseEndedError extends Error {
  override readonly name = 'DatabaseEndedError';
}

/** A running database process. */
export interface Database {
  /** DynamoDB endpoint. */
  endpoint: string;
  /** Origin of the offline model when it was asked for. */
  modelUrl: string | undefined;
  pid: number;
  /** Resolves when requests are judged by these principals. Rejects when the process has ended. */
  replacePrincipals(principals: readonly DatabasePrincipal[]): Promise<void>;
  /** What was consumed since the start, by table, partition and operation. Rejects when the process has ended. */
  counters(): Promise<ConsumedUnits[]>;
  /** Replaces the whole set of faults of database and offline model. Rejects when the process has ended. */
  setFaults(faults: FaultSet): Promise<void>;
  /** How many of each fault happened here since the start. Rejects when the process has ended. */
  injectedFaults(): Promise<FaultCounts>;
  /** Resolves when the process has ended; with a reason when nobody asked it to. */
  ended: Promise<string | undefined>;
  /** Ends the process, within 3 s in any case. May be called twice. */
  close(): Promise<void>;
}

/**
 * Starts the database in a process of its own, because it is bound by CPU and would delay streams.
 *
 * Resolves when the tables are there and it answers; rejects with the reason when it cannot. The process ends with its parent,
 * however that ends.
 */
export async function startDatabase(options: DatabaseOptions): Promise<Database> {
  const { region, accountId, dataDir } = options;
  const child = fork(fileURLToPath(new URL('./process.ts', import.meta.url)), {
    env: { PATH: process.env.PATH, NODE_COMPILE_CACHE, AWS_REGION: region, AWS_ACCOUNT_ID: accountId },
    execArgv: [],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const conversation = converse(child);
  const ready = conversation.ready;
  child.send({
    type: 'start',
    host: options.host,
    path: dataDir === undefined ? undefined : join(dataDir, 'dynamodb'),
    arnPrefix: `arn:aws:dynamodb:${region}:${accountId}:table/`,
    tables: [...options.tables],
    principals: reduced(options.principals),
    withOfflineModel: options.withOfflineModel ?? false,
  } satisfies ToDatabase);

  const { endpoint, modelUrl } = await ready;
  return {
    endpoint,
    modelUrl,
    pid: child.pid ?? 0,
    ended: conversation.ended,
    async replacePrincipals(principals) {
      await conversation.ask((id) => ({ type: 'principals', id, principals: reduced(principals) }));
    },
    async counters() {
      return (await conversation.ask((id) => ({ type: 'counters', id }))).counters ?? [];
    },
    async setFaults(faults) {
      await conversation.ask((id) => ({ type: 'faults', id, faults }));
    },
    async injectedFaults() {
      return (await conversation.ask((id) => ({ type: 'injected', id }))).injected ?? {};
    },
    async close() {
      const killing = setTimeout(() => child.kill('SIGKILL'), MAX_ENDING_MS);
      conversation.expectEnd();
      if (child.connected) child.disconnect();
      await conversation.ended;
      clearTimeout(killing);
    },
  };
}

/** Secrets have no business in the database process. */
function reduced(principals: readonly DatabasePrincipal[]): DatabasePrincipal[] {
  return principals.map(({ accessKeyId, arn, statements }) => ({ accessKeyId, arn, statements }));
}

type Reply = Extract<FromDatabase, { type: 'reply' }>;

interface Waiting {
  resolve: (reply: Reply) => void;
  reject: (error: Error) => void;
}

function converse(child: ChildProcess) {
  const waiting = new Map<number, Waiting>();
  let lastId = 0;
  let isEndExpected = false;
  let failure: string | undefined;
  let settleReady: {
    resolve(ready: Extract<FromDatabase, { type: 'ready' }>): void;
    reject(error: Error): void;
  };
  const ready = new Promise<Extract<FromDatabase, { type: 'ready' }>>((resolve, reject) => {
    settleReady = { resolve, reject };
  });

  child.on('message', (message: FromDatabase) => {
    if (message.type === 'ready') settleReady.resolve(message);
    else if (message.type === 'failed') failure = message.message;
    else {
      waiting.get(message.id)?.resolve(message);
      waiting.delete(message.id);
    }
  });
  const ended = once(child, 'exit').then(([code, signal]: unknown[]) => {
    const reason = failure ?? `the process ended with ${String(signal ?? code)}`;
    const error = new DatabaseEndedError(`The local database has ended: ${reason}`);
    settleReady.reject(error);
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
    return isEndExpected ? undefined : reason;
  });

  return {
    ready,
    ended,
    expectEnd: () => {
      isEndExpected = true;
    },
    ask: (messageOf: (id: number) => ToDatabase): Promise<Reply> =>
      new Promise((resolve, reject) => {
        if (!child.connected) return reject(new DatabaseEndedError('The local database has ended.'));
        lastId += 1;
        waiting.set(lastId, { resolve, reject });
        child.send(messageOf(lastId));
      }),
  };
}
