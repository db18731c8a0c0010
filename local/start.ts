/**
 * Entry of `npm start`: synthesizes the app and builds the web page, runs the local stack, prints the addresses once every
 * part answers, reloads what is edited, and stops everything on Ctrl-C, SIGTERM or the end of the process that started it.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { banner } from './banner.ts';
import { ChildProgramError } from './child-program.ts';
import { DatabaseEndedError } from './database/index.ts';
import type { LambdaLog } from './lambda/index.ts';
import { listen } from './listener.ts';
import { chooseModel, type ModelChoice } from './model-choice.ts';
import { startReloader, type Reloader } from './reload/index.ts';
import { makeRunFolder } from './run-folder.ts';
import { readOptions, UsageError, type StartOptions } from './start-options.ts';
import { startLocalStack, type LocalStack } from './stack.ts';
import { synthesize } from './synthesize.ts';
import { buildPage } from './web/build.ts';

/** Everything ends within this time of a signal. */
const STOP_WITHIN_MS = 4_500;

function consoleLog(isVerbose: boolean): LambdaLog {
  return ({ functionName, requestId, level, message }) => {
    if (!isVerbose && level !== 'ERROR' && level !== 'WARN') return;
    console.error(`[${functionName}${requestId ? ` ${requestId}` : ''}] ${message.trimEnd()}`);
  };
}

/** Each part answers: GraphQL through resolvers and table, the HTTP door through its function, and what browsers open. */
async function checkReady(stack: LocalStack): Promise<void> {
  const graphql = await fetch(stack.graphqlUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': stack.apiKey },
    body: JSON.stringify({ query: '{ conversations(limit: 1) { items { id } } }' }),
  });
  const answer = (await graphql.json()) as { errors?: unknown };
  if (!graphql.ok || answer.errors)
    throw new Error(`GraphQL does not answer: ${JSON.stringify(answer.errors)}`);
  const parts = {
    'The HTTP door': `${stack.httpUrl}/health`,
    'The web page': `${stack.webUrl}/`,
    "The web page's configuration": `${stack.webUrl}/config.json`,
    'The playground': `${stack.playgroundUrl}`,
  };
  for (const [name, url] of Object.entries(parts)) {
    const { ok, status, body } = await fetch(url);
    await body?.cancel();
    if (!ok) throw new Error(`${name} does not answer: ${status}`);
  }
}

/** What of one run lies where. The folder goes with the run. */
interface RunPaths {
  readonly root: string;
  readonly cdkOut: string;
  readonly page: string;
  readonly reloads: string;
}

function openRun(root: string): RunPaths {
  const folder = makeRunFolder(join(root, '.local/runs'));
  // Also when the end was forced; the workers that ran code from it are gone by then.
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  return {
    root,
    cdkOut: join(folder, 'cdk.out'),
    page: join(folder, 'web'),
    reloads: join(folder, 'reloads'),
  };
}

/** Rejects when one of the ports is taken: better said before everything is built than after. */
async function checkPorts({ host, port }: StartOptions): Promise<void> {
  for (const one of [port, port + 1, port + 2]) await (await listen(host, one)).close();
}

/** Edits of the service and of the page are seen from here on, and taken over once the stack is ready. */
function reloadOnSave(paths: RunPaths, ready: Promise<LocalStack>, model: ModelChoice): Promise<Reloader> {
  return startReloader({
    root: paths.root,
    folder: paths.reloads,
    ready,
    synthesize: (outdir, signal) => synthesize(outdir, model.context, { withSourceMaps: true, signal }),
    reload: async (cdkOut) => (await ready).reload(cdkOut),
    buildPage: (signal) => buildPage(paths.page, { signal }),
    print: (text) => console.log(text),
  });
}

function explain(error: unknown): string {
  const { code, port, syscall } = error as { code?: string; port?: number; syscall?: string };
  if (code === 'EADDRINUSE')
    return `Port ${port} is taken. Stop what uses it, or choose another base port: npm start -- --port 4100`;
  const isOfCaller =
    error instanceof UsageError || error instanceof ChildProgramError || error instanceof DatabaseEndedError;
  // A --host that is none of this machine, or a port that only root may take.
  if (isOfCaller || syscall === 'listen' || syscall === 'getaddrinfo') return (error as Error).message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

async function start(options: StartOptions): Promise<void> {
  const model = chooseModel(process.env);
  const paths = openRun(fileURLToPath(new URL('..', import.meta.url)));
  const ready = Promise.withResolvers<LocalStack>();
  let stack: LocalStack | undefined;
  let reloader: Reloader | undefined;
  const preparing: Promise<unknown>[] = [];
  const stopping = new AbortController();
  const stop = (code: number) => {
    if (stopping.signal.aborted) return;
    stopping.abort();
    setTimeout(() => process.exit(code), STOP_WITHIN_MS).unref();
    void Promise.allSettled(preparing)
      .then(() => Promise.allSettled([reloader?.close(), stack?.close()]))
      .finally(() => process.exit(code));
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop(0));
  process.on('disconnect', () => stop(0));
  try {
    const { signal } = stopping;
    await checkPorts(options);
    const startStack = async () => {
      await synthesize(paths.cdkOut, model.context, { withSourceMaps: true, signal });
      stack = await startLocalStack({
        cdkOut: paths.cdkOut,
        host: options.host,
        apiPort: options.port,
        httpPort: options.port + 1,
        restPort: options.port + 3,
        web: { port: options.port + 2, root: paths.page },
        withOfflineModel: model.isOffline,
        secret: model.secret,
        log: consoleLog(options.isVerbose),
        ...(options.keepsData ? { dataDir: join(paths.root, '.local/data') } : {}),
      });
      return stack;
    };
    console.error('appsync-chat: synthesizing the app and building the web page');
    if (options.reloads) {
      const watching = reloadOnSave(paths, ready.promise, model);
      preparing.push(watching);
      reloader = await watching;
    }
    const starting = startStack();
    const building = buildPage(paths.page, { signal });
    preparing.push(starting, building);
    const [started] = await Promise.all([starting, building]);
    signal.throwIfAborted();
    await checkReady(started);
    void started.database.ended.then((reason) => {
      if (stopping.signal.aborted || reason === undefined) return;
      console.error(`appsync-chat: the local database has ended: ${reason}`);
      stop(1);
    });
    console.log(banner(started, model, options));
    ready.resolve(started);
  } catch (error) {
    if (stopping.signal.aborted) return;
    console.error(`appsync-chat: ${explain(error)}`);
    stop(1);
  }
}

try {
  await start(readOptions(process.argv.slice(2), process.env));
} catch (error) {
  console.error(`appsync-chat: ${explain(error)}`);
  process.exitCode = 1;
}
