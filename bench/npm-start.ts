import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { delimiter } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePorts } from './free-ports.ts';

/** The first line of the banner that `npm start` prints once every part answers. */
const READY = 'appsync-chat is ready';
const READY_WITHIN_MS = 120_000;
const STOP_WITHIN_MS = 8_000;

/** A stack started as a user does. */
export interface NpmStart {
  /** Process id of npm, the root of the tree. */
  readonly pid: number;
  /** Seconds from the start of npm to the ready banner. */
  readonly readySeconds: number;
  /** Seconds since the start of npm. */
  readonly seconds: () => number;
  /** The web page. */
  readonly webUrl: string;
  /** Ends the whole tree; resolves when npm is gone. */
  stop(): Promise<void>;
}

/** The environment of a shell that did not come through npm: no pinned Node in the path, no npm variables, no model. */
export function shellEnvironment(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const kept = Object.entries(environment).filter(
    ([name]) => !/^(npm_|INIT_CWD$|NODE_CHANNEL|OPENAI_|CHAT_)/.test(name),
  );
  const path = (environment.PATH ?? '').split(delimiter).filter((entry) => !entry.includes('node_modules'));
  return { ...Object.fromEntries(kept), PATH: path.join(delimiter) };
}

/** Runs `npm start -- --port <free> --memory` from the repository; rejects with its output when it does not get ready. */
export async function npmStart(): Promise<NpmStart> {
  const port = await freePorts();
  const startedAt = performance.now();
  const seconds = () => (performance.now() - startedAt) / 1000;
  // A process group of its own: npm and everything below it is ended by one signal.
  const child = spawn('npm', ['start', '--', '--port', String(port), '--memory'], {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    env: shellEnvironment(process.env),
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let isGone = false;
  const exited = once(child, 'exit').then(() => (isGone = true));
  const pid = child.pid;
  if (pid === undefined) throw new Error('npm could not be started');
  const signal = (name: NodeJS.Signals) => {
    if (isGone) return;
    try {
      process.kill(-pid, name);
    } catch {
      // The group is gone already.
    }
  };
  // Also when this process ends early: the group has its own leader and would live on.
  process.once('exit', () => signal('SIGTERM'));
  const stop = async () => {
    signal('SIGTERM');
    const limit = setTimeout(() => signal('SIGKILL'), STOP_WITHIN_MS);
    await exited;
    clearTimeout(limit);
  };
  let output = '';
  const ready = Promise.withResolvers<number>();
  const limit = setTimeout(() => ready.reject(new Error('npm start was not ready in time')), READY_WITHIN_MS);
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (text: Buffer) => {
      output += text.toString('utf8');
      if (output.includes(READY)) ready.resolve(seconds());
    });
  void exited.then(() => ready.reject(new Error('npm start ended before it was ready')));
  try {
    return { pid, readySeconds: await ready.promise, seconds, webUrl: `http://127.0.0.1:${port + 2}`, stop };
  } catch (error) {
    await stop();
    throw new Error(`${(error as Error).message}. Its output:\n${output}`, { cause: error });
  } finally {
    clearTimeout(limit);
  }
}
