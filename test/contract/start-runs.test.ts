import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, globSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { freePorts } from '../../bench/free-ports.ts';
import { NODE_COMPILE_CACHE } from '../../local/compile-cache.ts';
import { copiedSources } from './edited-sources.ts';

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));
const READY_WITHIN_MS = 90_000;

/** A clone that a test may edit and start from. */
function copiedClone() {
  const sources = copiedSources();
  for (const name of ['local', 'client', 'tsconfig.json'])
    cpSync(join(REPOSITORY, name), join(sources.root, name), { recursive: true });
  return sources;
}

/** `npm start` in a clone; killed when the test ends. */
function startIn(root: string, ...words: string[]) {
  const child = spawn(process.execPath, ['local/start.ts', ...words], {
    cwd: root,
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      TMPDIR: temporaryFolder(root),
      NODE_COMPILE_CACHE,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (output += chunk.toString('utf8')));
  const says = (text: string) =>
    expect.poll(() => output, { timeout: READY_WITHIN_MS, interval: 20 }).toContain(text);
  return { child, output: () => output, says };
}

function temporaryFolder(root: string): string {
  const folder = join(root, '.tmp');
  mkdirSync(folder, { recursive: true });
  return folder;
}

async function stopped(child: ChildProcess): Promise<number | null> {
  // That it is quick is held in start.test.ts.
  const closing = once(child, 'close', { signal: AbortSignal.timeout(20_000) });
  child.kill('SIGTERM');
  const [code] = (await closing) as [number | null];
  return code;
}

/** What the runs of a clone have left, and what they left in the temporary folder. */
const left = (root: string) => [
  ...readdirSync(join(root, '.local/runs')),
  ...readdirSync(temporaryFolder(root)).filter((name) => name.startsWith('appsync-chat')),
];

describe('npm start', { timeout: 300_000 }, () => {
  it('takes over an edit that is saved while it starts', async () => {
    const sources = copiedClone();
    const { root } = sources;
    const port = await freePorts();
    const stack = startIn(root, '--memory', '--port', String(port));
    // The maps of the functions are written once their sources were read.
    const read = () => globSync(join(root, '.local/**/source-maps/*.json')).length > 0;
    await expect.poll(read, { timeout: READY_WITHIN_MS, interval: 5 }).toBe(true);

    sources.edit(
      'functions/settle/handler.ts',
      'export async function handler',
      "console.warn('new');\nexport async function handler",
    );

    await stack.says('Ctrl-C stops everything.');
    await stack.says('reloaded settle in');
    expect(await stopped(stack.child)).toBe(0);
    expect(left(root)).toEqual([]);
    expect(readdirSync(join(root, '.local'))).toEqual(['runs']);
  });

  it('runs twice from one clone, each from its own folder; only one has the data', async () => {
    const { root } = copiedClone();
    const ports = [await freePorts(), await freePorts(), await freePorts()] as const;
    const one = startIn(root, '--port', String(ports[0]));
    const other = startIn(root, '--port', String(ports[1]), '--memory');
    for (const stack of [one, other]) await stack.says('Ctrl-C stops everything.');

    const third = startIn(root, '--port', String(ports[2]));
    const [code] = (await once(third.child, 'close')) as [number | null];
    expect({ code, output: third.output() }).toEqual({
      code: 1,
      output:
        'appsync-chat: synthesizing the app and building the web page\n' +
        'appsync-chat: The local database has ended: The data folder cannot be opened; is another stack using it? (--memory needs none)\n',
    });
    expect(await stopped(one.child)).toBe(0);

    const page = await fetch(`http://127.0.0.1:${ports[1] + 2}/`);
    expect(await page.text()).toContain('<div id="root">');
    const answer = await fetch(`http://127.0.0.1:${ports[1] + 1}/chat`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/plain', 'x-api-key': 'da2-local' },
      body: '{"text":"/echo here"}',
    });
    expect(await answer.text()).toBe('here\n');
    expect(await stopped(other.child)).toBe(0);
    expect(left(root)).toEqual([]);
  });

  it('leaves no folder behind when it is stopped while it synthesizes', async () => {
    const { root } = copiedClone();
    const stack = startIn(root, '--memory', '--port', String(await freePorts()));
    const isBundling = () =>
      globSync([join(root, '.tmp/appsync-chat-bundle-*'), join(root, '.local/runs/*/cdk.out/*')]);
    await expect.poll(isBundling, { timeout: READY_WITHIN_MS, interval: 5 }).not.toEqual([]);

    expect(await stopped(stack.child)).toBe(0);

    expect(left(root)).toEqual([]);
  });

  it.each([
    [['--port', 'many'], '--port takes a number from 1 to 65000'],
    [
      ['--nonsense'],
      "Unknown option '--nonsense'. Options: --port N, --host ADDRESS, --memory, --verbose, --no-watch",
    ],
  ])('refuses %j in one line', async (words, line) => {
    const { child, output } = startIn(REPOSITORY, ...words);
    const [code] = (await once(child, 'close')) as [number | null];

    expect({ code, output: output() }).toEqual({ code: 1, output: `appsync-chat: ${line}\n` });
  });
});
