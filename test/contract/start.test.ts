import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { freePorts } from '../../bench/free-ports.ts';
import { NODE_COMPILE_CACHE } from '../../local/compile-cache.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const READY_WITHIN_MS = 90_000;
const STOPPED_WITHIN_MS = 5_000;

const started: ChildProcess[] = [];

afterEach(() => {
  for (const child of started.splice(0)) if (child.exitCode === null) child.kill('SIGKILL');
});

interface Program {
  child: ChildProcess;
  output: () => string;
  /** Resolves when the output holds the text; rejects when the program ends or takes too long. */
  says: (text: string) => Promise<void>;
}

function run(script: string, words: string[], environment: Record<string, string> = {}): Program {
  const child = spawn(process.execPath, [script, ...words], {
    cwd: ROOT,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, NODE_COMPILE_CACHE, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  started.push(child);
  let output = '';
  const listeners = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      output += chunk.toString('utf8');
      for (const listener of listeners) listener();
    });
  }
  const says = (text: string) =>
    new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`"${text}" did not come: ${output}`)), READY_WITHIN_MS);
      const look = () => {
        if (!output.includes(text)) return;
        clearTimeout(timer);
        listeners.delete(look);
        resolve();
      };
      listeners.add(look);
      child.once('close', () => (output.includes(text) ? look() : reject(new Error(`It ended: ${output}`))));
      look();
    });
  return { child, output: () => output, says };
}

async function ended(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null) return child.exitCode;
  const [code] = (await once(child, 'close', { signal: AbortSignal.timeout(STOPPED_WITHIN_MS) })) as [
    number | null,
  ];
  return code;
}

describe('local/start.ts', () => {
  it('prints addresses that answer, gives tokens, and stops everything on SIGTERM within 5 s', async () => {
    const port = await freePorts();
    const stack = run('local/start.ts', ['--memory', '--port', String(port)]);
    await stack.says('Ctrl-C stops everything.');

    expect(stack.output()).toContain(`http://127.0.0.1:${port}/graphql`);
    expect(stack.output()).toContain(`http://127.0.0.1:${port + 1}/chat`);
    expect(stack.output()).toContain(`web client  http://127.0.0.1:${port + 2}\n`);
    expect(stack.output()).toContain(`playground  http://127.0.0.1:${port}/playground\n`);
    const page = await fetch(`http://127.0.0.1:${port + 2}/`);
    expect(await page.text()).toContain('<div id="root">');
    const config = await fetch(`http://127.0.0.1:${port + 2}/config.json`);
    expect(await config.json()).toEqual({
      endpoint: `http://127.0.0.1:${port}/graphql`,
      apiKey: 'da2-local',
      tokenUrl: `http://127.0.0.1:${port}/local/token`,
      model: { name: 'offline', isOffline: true },
      playgroundUrl: `http://127.0.0.1:${port}/playground`,
    });
    const playground = await fetch(`http://127.0.0.1:${port}/playground`);
    expect(await playground.text()).toContain('<title>Altair</title>');
    const token = run('local/token.ts', ['alice'], { CHAT_PORT: String(port) });
    await once(token.child, 'close');
    const answer = await fetch(`http://127.0.0.1:${port}/graphql`, {
      method: 'POST',
      headers: { authorization: token.output().trim(), 'content-type': 'application/json' },
      body: JSON.stringify({ query: '{ conversations { items { id } } }' }),
    });
    expect(await answer.json()).toEqual({ data: { conversations: { items: [] } } });

    stack.child.kill('SIGTERM');
    expect(await ended(stack.child)).toBe(0);
    await expect(fetch(`http://127.0.0.1:${port}/graphql`)).rejects.toThrow();
    await expect(fetch(`http://127.0.0.1:${port + 2}/`)).rejects.toThrow();
  });

  it.each([0, 1, 2])(
    'names a port that is taken (base port + %i) and how to choose another, before anything is built',
    async (offset) => {
      const port = await freePorts();
      const blocker = createServer().listen(port + offset, '127.0.0.1');
      await once(blocker, 'listening');
      const stack = run('local/start.ts', ['--memory', '--port', String(port)]);
      await stack.says(`Port ${port + offset} is taken`);

      expect(stack.output()).toContain('npm start -- --port');
      expect(stack.output()).not.toContain('building');
      expect(await ended(stack.child)).toBe(1);
      blocker.close();
    },
  );

  it('stops within 5 s of a SIGTERM that comes while it prepares', async () => {
    const port = await freePorts();
    const stack = run('local/start.ts', ['--memory', '--port', String(port)]);
    await stack.says('building the web page');

    stack.child.kill('SIGTERM');

    expect(await ended(stack.child)).toBe(0);
    expect(stack.output()).not.toContain('is ready');
  });
});

describe('local/token.ts', () => {
  it.each([
    ['without a stack', ['alice'], 'no local stack answers'],
    ['without a user', [], 'Usage:'],
  ])('says what is missing %s', async (_name, words, line) => {
    const port = await freePorts();
    const token = run('local/token.ts', words, { CHAT_PORT: String(port) });
    await token.says(line);

    expect(await ended(token.child)).toBe(1);
  });
});
