import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { useApplication, type Compiler } from './application.ts';
import { countedText } from './streamed-answer.ts';
import { useLocalTarget } from './target.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const target = useLocalTarget();
const application = useApplication();

const COMPILERS: readonly Compiler[] = (['typescript', 'typescript-7'] as const).flatMap((version) =>
  (['nodenext', 'bundler'] as const).map((resolution) => ({ version, resolution })),
);

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

const page = (endpoint: string, apiKey: string) => `import { createChatClient } from 'appsync-chat/client';
import { ChatProvider, useConversation } from 'appsync-chat/client/react';

const chat = createChatClient({ endpoint: '${endpoint}', auth: { type: 'apiKey', apiKey: '${apiKey}' } });
function Chat() {
  const { messages, send } = useConversation('package-${endpoint.replace(/\W/g, '')}');
  const ask = () => void send({ text: '/tokens 40 40' });
  return <form onSubmit={ask}><input /> {messages.at(-1)?.text}</form>;
}
export const App = () => <ChatProvider client={chat}><Chat /></ChatProvider>;
`;

/**
 * Runs the program and tells what holds the process once it is one thing alone, or after 10 s: Amplify closes its socket 1 s after
 * the last subscription.
 */
const HELD_BY = `
const timers = new Map<NodeJS.Timeout, number>();
const { setTimeout: set, clearTimeout: clear } = globalThis;
globalThis.setTimeout = ((run: () => void, ms = 0) => {
  const timer = set(() => { timers.delete(timer); run(); }, ms);
  timers.set(timer, ms);
  return timer;
}) as typeof setTimeout;
globalThis.clearTimeout = ((timer: NodeJS.Timeout) => { timers.delete(timer); clear(timer); }) as typeof clearTimeout;
await import('./program.ts');
const look = (looks: number) => {
  const heldMs = [...timers].filter(([timer]) => timer.hasRef()).map(([, ms]) => ms);
  const held = process.getActiveResourcesInfo().filter((name) => name !== 'PipeWrap');
  if (looks < 100 && held.length > 1) return set(look, 100, looks + 1).unref();
  console.log(JSON.stringify({ held, heldMs }));
  process.exit();
};
look(0);
`;

describe('the packed library', () => {
  it.each(COMPILERS)('type-checks in an application ($version, $resolution)', async (compiler) => {
    const { write, typeCheck } = application();
    write('program.ts', PROGRAM);
    write('page.tsx', page('', ''));

    expect(await typeCheck(['program.ts', 'page.tsx'], compiler)).toBe('');
  });

  it('has types that find a wrong field', async () => {
    const { write, typeCheck } = application();
    write('wrong.ts', PROGRAM.replace('message.status,', 'message.state,'));
    write('wrong.tsx', page('', '').replace('.at(-1)?.text', '.at(-1)?.words'));

    const printed = await typeCheck(['wrong.ts', 'wrong.tsx'], COMPILERS.at(-1) as Compiler);

    expect(printed).toContain("'state' does not exist on type 'ChatMessage'");
    expect(printed).toContain("'words' does not exist on type 'ChatMessage'");
  });

  it("runs, and then holds the process only by Amplify's 15 s limit for connecting", async () => {
    const { graphqlUrl, apiKey } = target();
    application().write('program.ts', PROGRAM);
    application().write('held-by.ts', HELD_BY);

    const [printed = '', held = ''] = (await application().run('held-by.ts', graphqlUrl, apiKey)).split('\n');

    expect(JSON.parse(printed)).toEqual({ status: 'COMPLETE', text: countedText(50) });
    expect(JSON.parse(held)).toEqual({ held: ['Timeout'], heldMs: [15_000] });
  });

  it('shows a streamed answer through the React hooks', async () => {
    const { graphqlUrl, apiKey } = target();
    application().write('page.tsx', page(graphqlUrl, apiKey));

    const shown = await application().shown('page.tsx', countedText(40));

    const texts = shown.map((text) => text.trim());
    expect(texts.at(-1)).toBe(countedText(40));
    const parts = texts.filter((text) => text !== '' && text !== '/tokens 40 40');
    expect(parts.length).toBeGreaterThan(3);
    expect(parts.filter((text) => !countedText(40).startsWith(text))).toEqual([]);
  });

  it('holds the built client, the protocol it needs, and nothing else', () => {
    const { packed } = application();
    const files = packed.filter((path) => !/^dist\/(client|protocol)\/[\w/-]+\.(d\.ts|js)$/.test(path));

    expect(files).toEqual(['LICENSE', 'README.md', 'package.json']);
    expect(packed.filter((path) => /\b(app|test|local|functions|infra|resolvers)\//.test(path))).toEqual([]);
    expect(packed).toContain('dist/client/index.js');
    expect(packed).toContain('dist/client/react/index.d.ts');
  });

  it('makes an application install what it imports, and share its Amplify and React', () => {
    const { dependencies, peerDependencies } = application().manifest;

    expect(Object.keys(dependencies)).toEqual(['@aws-crypto/sha256-js']);
    expect(Object.keys(peerDependencies).sort()).toEqual(['aws-amplify', 'react']);
    expect(readFileSync(join(root, 'package.json'), 'utf8')).toContain(
      `"aws-amplify": "${peerDependencies['aws-amplify']?.replace('^', '')}"`,
    );
  });

  it('leaves out of a bundle what is not imported', async () => {
    const { metafile, outputFiles } = await build({
      stdin: {
        contents: "import { isChatError } from 'appsync-chat/client'; console.log(isChatError({}));",
        resolveDir: application().folder,
      },
      bundle: true,
      format: 'esm',
      minify: true,
      outdir: 'unwritten',
      write: false,
      metafile: true,
    });
    const inputs = Object.values(metafile.outputs).flatMap((output) =>
      Object.entries(output.inputs).filter(([, { bytesInOutput }]) => bytesInOutput > 0),
    );

    const paths = inputs.map(([path]) => path.replace(/^.*\/dist\//, ''));
    expect(paths.sort()).toEqual(['<stdin>', 'protocol/error-codes.js', 'protocol/errors.js']);
    expect(outputFiles[0]?.contents.length).toBeLessThan(4_000);
  });
});

describe.each([
  ['client/index.ts', 'createChatClient'],
  ['client/react/index.ts', 'useConversation'],
])('%s', (entry, name) => {
  it('imports unbuilt under tsx', async () => {
    const program = `import('./${entry}').then((entry) => console.log(typeof entry.${name}))`;

    const { stdout } = await promisify(execFile)(join(root, 'node_modules/.bin/tsx'), ['--eval', program], {
      cwd: root,
    });

    expect(stdout.trim()).toBe('function');
  });
});
