import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { countedText } from './streamed-answer.ts';
import { useLocalTarget } from './target.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));
const installed = join(root, 'node_modules');
const target = useLocalTarget();
const app = mkdtempSync(join(tmpdir(), 'appsync-chat-app-'));

const PROGRAM = `import { randomUUID } from 'node:crypto';
import { createChatClient, type ChatMessage } from 'appsync-chat/client';

const [endpoint = '', apiKey = ''] = process.argv.slice(2);
const chat = createChatClient({ endpoint, auth: { type: 'apiKey', apiKey } });
const conversation = chat.conversation(randomUUID());
const { ended } = await conversation.send({ text: '/tokens 50 100' });
const message: ChatMessage = await ended;
console.log(JSON.stringify({ status: message.status, text: message.text }));
conversation.close();
`;

/** An application's folder: the packed library unpacked, and everything it depends on linked. */
beforeAll(async () => {
  await run('npm', ['pack', '--silent', '--pack-destination', app], { cwd: root });
  const [tarball = ''] = readdirSync(app).filter((name) => name.endsWith('.tgz'));
  const library = join(app, 'node_modules', 'appsync-chat');
  mkdirSync(library, { recursive: true });
  await run('tar', ['-xzf', join(app, tarball), '-C', library, '--strip-components', '1']);
  for (const name of readdirSync(installed).filter((entry) => !entry.startsWith('.')))
    symlinkSync(join(installed, name), join(app, 'node_modules', name));
  writeFileSync(join(app, 'package.json'), JSON.stringify({ type: 'module' }));
  writeFileSync(join(app, 'program.ts'), PROGRAM);
});
afterAll(() => rmSync(app, { recursive: true, force: true }));

async function typeCheck(file: string, resolution: 'nodenext' | 'bundler'): Promise<string> {
  const module = resolution === 'nodenext' ? 'nodenext' : 'esnext';
  const words = ['--noEmit', '--strict', '--target', 'es2024', '--types', 'node', '--skipLibCheck'];
  words.push('--module', module, '--moduleResolution', resolution, file);
  return run(process.execPath, [join(installed, 'typescript-7/bin/tsc'), ...words], { cwd: app }).then(
    () => '',
    (error: { stdout: string }) => error.stdout,
  );
}

describe('the packed library', () => {
  it.each(['nodenext', 'bundler'] as const)('type-checks in an application (%s)', async (resolution) => {
    writeFileSync(join(app, 'wrong.ts'), PROGRAM.replace('message.status,', 'message.state,'));

    expect(await typeCheck('program.ts', resolution)).toBe('');
    expect(await typeCheck('wrong.ts', resolution)).toContain("'state' does not exist on type 'ChatMessage'");
  });

  it('runs, and lets the process end once the conversation is closed', async () => {
    const { graphqlUrl, apiKey } = target();

    const { stdout } = await run(process.execPath, ['program.ts', graphqlUrl, apiKey], { cwd: app });

    expect(JSON.parse(stdout)).toEqual({ status: 'COMPLETE', text: countedText(50) });
  });

  it('holds the client and the protocol it needs, and nothing of the service', async () => {
    const { stdout } = await run('tar', [
      '-tzf',
      join(app, readdirSync(app).find((name) => name.endsWith('.tgz')) ?? ''),
    ]);
    const folders = new Set(
      stdout
        .trim()
        .split('\n')
        .map((path) => path.split('/').slice(1, 3).join('/')),
    );

    expect([...folders].sort()).toEqual([
      'LICENSE',
      'README.md',
      'dist/client',
      'dist/protocol',
      'package.json',
    ]);
  });
});

describe('client/index.ts', () => {
  it('imports unbuilt under tsx', async () => {
    const program =
      "import('./client/index.ts').then((client) => console.log(Object.keys(client).sort().join()))";

    const { stdout } = await run(join(installed, '.bin/tsx'), ['--eval', program], { cwd: root });

    expect(stdout.trim()).toBe('ChatError,createChatClient,isChatError');
  });
});
