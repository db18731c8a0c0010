/** Entry of the database process; it is forked by `startDatabase` and does nothing without a parent. */
import { sumOfCounts } from '../faults/index.ts';
import { startOfflineModel, type OfflineModel } from '../model/index.ts';
import { openDatabase, type DatabaseServer } from './database-server.ts';
import type { FromDatabase, StartMessage, ToDatabase } from './messages.ts';

const MAX_CLOSING_MS = 2_000;

let database: DatabaseServer | undefined;
let model: OfflineModel | undefined;
let isEnding = false;

function tell(message: FromDatabase): void {
  if (process.connected) process.send?.(message);
}

async function start(message: StartMessage): Promise<void> {
  database = await openDatabase(message, (operation) => {
    process.stderr.write(
      `The local database has no ${operation}; the caller gets UnknownOperationException.\n`,
    );
  });
  if (message.withOfflineModel) model = await startOfflineModel({ host: message.host });
  tell({ type: 'ready', endpoint: database.endpoint, modelUrl: model?.url });
}

function fail(cause: unknown): void {
  const message = cause instanceof Error ? cause.message : String(cause);
  const wording =
    message === 'Database is closed'
      ? 'The data folder cannot be opened; is another stack using it? (--memory needs none)'
      : message;
  tell({ type: 'failed', message: wording });
  void end(1);
}

/** Runs once; a hanging close ends with the process all the same. */
async function end(exitCode: number): Promise<void> {
  if (isEnding) return;
  isEnding = true;
  setTimeout(() => process.exit(1), MAX_CLOSING_MS).unref();
  await Promise.allSettled([database?.close(), model?.close()]);
  process.exit(exitCode);
}

process.on('message', (message: ToDatabase) => {
  switch (message.type) {
    case 'start':
      start(message).catch(fail);
      return;
    case 'principals':
      database?.access.replacePrincipals(message.principals);
      return tell({ type: 'reply', id: message.id });
    case 'counters':
      return tell({ type: 'reply', id: message.id, counters: database?.counter.snapshot() ?? [] });
    case 'faults':
      database?.faults.replace(message.faults);
      model?.setFaults(message.faults);
      return tell({ type: 'reply', id: message.id });
    case 'injected': {
      const injected = sumOfCounts([database?.faults.injected() ?? {}, model?.injectedFaults() ?? {}]);
      return tell({ type: 'reply', id: message.id, injected });
    }
  }
});
// dynalite throws from its callbacks what it did not expect: the store is not trusted any more after that.
process.on('uncaughtException', fail);
process.on('disconnect', () => void end(0));
process.on('SIGTERM', () => void end(0));
// Ctrl-C goes to the whole process group, but running generations still write while the parent ends them.
process.on('SIGINT', () => undefined);
