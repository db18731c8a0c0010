/**
 * Entry of `npm start`: synthesizes the app and builds the web page, runs the local stack, prints the addresses once every
 * part answers, reloads what is edited, and stops everything on Ctrl-C, SIGTERM or the end of the process that started it.
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { banner } from './banner.ts';
import { ChildProgramError } from './child-program.ts';
import type { LambdaLog } from './lambda/index.ts';
import { chooseModel, type ModelChoice } from './model-choice.ts';
import { startReloader, type Reloader } from './reload/index.ts';
import { startLocalStack, type LocalStack } from './stack.ts';
import { synthesize } from './synthesize.ts';
import { buildPage } from './web/build.ts';

/** Everything ends within this time of a signal. */
const STOP_WITHIN_MS = 4_500;
const DEFAULT_PORT = 4_000;

interface StartOptions {
  port: number;
  host: string;
  keepsData: boolean;
  isVerbose: boolean;
  reloads: boolean;
}

class UsageError extends Error {
  override readonly name = 'UsageError';
}

function readOptions(words: string[], environment: NodeJS.ProcessEnv): StartOptions {
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

/** Where the built page lies. */
const webRoot = (root: string) => `${root}.local/web`;

/** Edits of the service and of the page are taken over from here on. */
function reloadOnSave(root: string, stack: LocalStack, model: ModelChoice): Promise<Reloader> {
  return startReloader({
    root,
    synthesize: (outdir, signal) => synthesize(outdir, model.context, { withSourceMaps: true, signal }),
    reload: (cdkOut) => stack.reload(cdkOut),
    buildPage: (signal) => buildPage(webRoot(root), { signal }),
    print: (text) => console.log(text),
  });
}

function explain(error: unknown): string {
  const { code, port } = error as { code?: string; port?: number };
  if (code === 'EADDRINUSE')
    return `Port ${port} is taken. Stop what uses it, or choose another base port: npm start -- --port 4100`;
  if (error instanceof UsageError || error instanceof ChildProgramError) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2), process.env);
  const model = chooseModel(process.env);
  const root = fileURLToPath(new URL('..', import.meta.url));
  let stack: LocalStack | undefined;
  let reloader: Reloader | undefined;
  let preparing: Promise<unknown>[] = [];
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
    const startStack = async () => {
      const cdkOut = `${root}.local/cdk.out`;
      await synthesize(cdkOut, model.context, { withSourceMaps: true, signal });
      stack = await startLocalStack({
        cdkOut,
        host: options.host,
        apiPort: options.port,
        httpPort: options.port + 1,
        web: { port: options.port + 2, root: webRoot(root) },
        withOfflineModel: model.isOffline,
        secret: model.secret,
        log: consoleLog(options.isVerbose),
        ...(options.keepsData ? { dataDir: `${root}.local/data` } : {}),
      });
      return stack;
    };
    console.error('appsync-chat: synthesizing the app and building the web page');
    const starting = startStack();
    const building = buildPage(webRoot(root), { signal });
    preparing = [starting, building];
    const [started] = await Promise.all([starting, building]);
    signal.throwIfAborted();
    await checkReady(started);
    void started.database.ended.then((reason) => {
      if (stopping.signal.aborted || reason === undefined) return;
      console.error(`appsync-chat: the local database has ended: ${reason}`);
      stop(1);
    });
    if (options.reloads) reloader = await reloadOnSave(root, started, model);
    console.log(banner(started, model, options));
  } catch (error) {
    if (stopping.signal.aborted) return;
    console.error(`appsync-chat: ${explain(error)}`);
    stop(1);
  }
}

await main();
