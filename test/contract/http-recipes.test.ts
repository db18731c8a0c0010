import { execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startGate } from '../browser/gate.ts';
import { listen } from '../local/lambda/http-fixture.ts';
import { callerOf } from './api.ts';
import { readSse } from './curl-request.ts';
import { Mailbox } from './mailbox.ts';
import { useRecipeApplication } from './recipe-application.ts';
import { recipe, recipeHeadings } from './recipe-blocks.ts';
import { countedText, expectReceipt } from './streamed-answer.ts';
import { useLocalTarget } from './target.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);
const target = useLocalTarget();
const application = useRecipeApplication();

const python = process.env.PYTHON ?? 'python3';
const hasPythonPackage = spawnSync(python, ['-c', 'import openai']).status === 0;
if (!hasPythonPackage) process.stdout.write(`${python} has no openai: its recipe is skipped\n`);

/** What a shell prints when the page's first block and this one are pasted into it, with this stack's address. */
async function pasted(heading: string): Promise<string> {
  const setup = recipe('Address and token', 'sh');
  const local = 'http://127.0.0.1:4001';
  expect(setup).toContain(local);
  const lines = `cd '${ROOT}'\n${setup.replace(local, target().httpUrl)}cd '${application().folder}'\n`;
  const env = { ...process.env, CHAT_PORT: new URL(target().graphqlUrl).port };
  const { stdout } = await run('sh', ['-eu', '-c', lines + recipe(heading, 'sh')], { env });
  return stdout;
}

const environment = async () => ({
  ...process.env,
  DOOR: target().httpUrl,
  TOKEN: await target().token('alice'),
});

const alice = async () => callerOf(target(), { token: await target().token('alice') });

/** The text of a native stream that is whole. */
function wholeText(body: string): string {
  const events = readSse(body);
  const text = events.map(({ batch }) => batch.text).join('');
  expectReceipt(events.at(-1)?.batch.end, text);
  return text;
}

it('runs every recipe of the page', () => {
  expect(recipeHeadings()).toEqual([
    ...['Address and token', 'Stream an answer', 'Raw text', 'Wait for JSON', 'Resume', 'Cancel', 'History'],
    ...['fetch', 'EventSource', 'Node', 'Python', 'AI SDK'],
  ]);
});

describe('the recipes for curl', () => {
  it('stream an answer', async () => {
    expect(wholeText(await pasted('Stream an answer'))).toBe(countedText(50));
  });

  it('print raw text, and the message as JSON', async () => {
    const message = JSON.parse(await pasted('Wait for JSON')) as { text: string };
    expect(message).toMatchObject({ role: 'ASSISTANT', status: 'COMPLETE', end: { reason: 'STOP' } });
    expect(message.text).toContain('hello');
    expect(await pasted('Raw text')).toBe(`${message.text}\n`);
  });

  it('resume with the last event id: both parts are the whole answer', async () => {
    const [before = '', after = ''] = (await pasted('Resume')).split(/(?<=\n)(?=: ok\n)/);
    const left = readSse(before);
    expect(left.map(({ batch }) => batch.kind)).toEqual(['START', 'DELTA', 'DELTA', 'DELTA', 'DELTA']);
    const rest = readSse(after);
    const text = [...left, ...rest].map(({ batch }) => batch.text).join('');
    expect(text).toBe(countedText(50));
    expectReceipt(rest.at(-1)?.batch.end, text);
  });

  it('cancel a running answer', async () => {
    const { id, conversationId } = JSON.parse(await pasted('Cancel')) as {
      id: string;
      conversationId: string;
    };
    const state = await (await alice()).ended({ id, conversationId });
    expect(state.status).toBe('CANCELLED');
    expect(countedText(1000).startsWith(state.text)).toBe(true);
  });

  it('list conversations and messages', async () => {
    const [conversations, messages] = (await pasted('History'))
      .split('\n')
      .map((line) => JSON.parse(line) as { items: { id: string; role: string; conversationId: string }[] });
    expect(messages?.items.map(({ role }) => role)).toEqual(['ASSISTANT', 'USER']);
    expect(conversations?.items[0]?.id).toBe(messages?.items[0]?.conversationId);
  });
});

describe('the recipe for fetch', () => {
  const program = `
import { ask } from './ask.js';
const [door, token, text] = process.argv.slice(2);
const say = (what) => process.stdout.write(JSON.stringify(what) + '\\n');
await ask(door, token, text, (shown) => say({ shown })).then(say, ({ message }) => say({ message }));
`;

  /** Runs the recipe in Node; resolves with what it printed. */
  function asked(door: string, token: string, text: string) {
    application().write('ask.js', recipe('fetch', 'js'));
    application().write('ask-program.js', program);
    const said = new Mailbox<string>();
    const child = spawn(process.execPath, ['ask-program.js', door, token, text], {
      cwd: application().folder,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => void child.kill());
    child.stdout.on('data', (chunk: Buffer) => said.put(chunk.toString('utf8')));
    const lines = () => said.items.join('').trim().split('\n');
    const finished = once(child, 'close').then(([exitCode]) => {
      expect(exitCode).toBe(0);
      return lines().map((line) => JSON.parse(line) as Record<string, unknown>);
    });
    return { said, lines, finished };
  }

  it('streams in Node and comes back after a cut with the exact text', async () => {
    const gate = await startGate(Number(new URL(target().httpUrl).port));
    onTestFinished(() => gate.shut());
    const door = `http://127.0.0.1:${gate.port}`;
    const asking = asked(door, await target().token('alice'), '/tokens 150 40');
    await asking.said.when(() => asking.lines().length > 20, 'twenty events');
    await gate.shut();
    await gate.open();
    const said = await asking.finished;

    const { text, end } = said.at(-1) as { text: string; end: Parameters<typeof expectReceipt>[0] };
    expect(text).toBe(countedText(150));
    expectReceipt(end, text);
    for (const { shown } of said.slice(0, -1))
      expect(countedText(150).startsWith(shown as string)).toBe(true);
  });

  it('throws what a refused request says', async () => {
    const said = await asked(target().httpUrl, 'wrong', 'hello').finished;
    expect(said).toEqual([{ message: expect.any(String) as string }]);
    expect(said[0]?.message).not.toMatch(/undefined|fetch failed/);
  });

  it('throws what a front says that lets nobody through', async () => {
    const front = await listen((_request, response) =>
      response.writeHead(429, { 'content-type': 'application/json' }).end('{"message":"Too Many Requests"}'),
    );
    onTestFinished(() => front.close());

    expect(await asked(front.url, 'any', 'hello').finished).toEqual([{ message: 'Too Many Requests' }]);
  });
});

describe("the recipes for OpenAI's SDKs", () => {
  it('stream in Node', async () => {
    application().write('openai.js', recipe('Node', 'js'));
    const { stdout } = await run(process.execPath, ['openai.js'], {
      cwd: application().folder,
      env: await environment(),
    });
    expect(`${stdout}\n`).toBe(await pasted('Raw text'));
  });

  it.skipIf(!hasPythonPackage)('stream in Python', async () => {
    const { stdout } = await run(python, ['-c', recipe('Python', 'python')], { env: await environment() });
    expect(`${stdout}\n`).toBe(await pasted('Raw text'));
  });
});

describe('the recipe for the AI SDK', () => {
  /** The component, with the prompt's field filled by the test. */
  async function writeApplication(): Promise<void> {
    const { write } = application();
    const session = { door: target().httpUrl, token: await target().token('alice') };
    write(
      'session.ts',
      `export const door = '${session.door}';\nexport const token = () => '${session.token}';\n`,
    );
    write('chat.tsx', recipe('AI SDK', 'tsx'));
  }

  it('type-checks', async () => {
    await writeApplication();
    const compiler = { version: 'typescript-7', resolution: 'bundler' } as const;
    expect(await application().typeCheck(['chat.tsx'], compiler)).toBe('');
  });

  it('streams an answer into a React application', async () => {
    await writeApplication();
    const shown = await application().shown('chat.tsx', `${countedText(40)} ready`, '/tokens 40 40');

    const answers = shown.flatMap((text) => /assistant: (.*?) ?[a-z]*$/.exec(text)?.[1] ?? []);
    expect(shown.at(-1)).toMatch(/^user: \/tokens 40 40assistant: w1 .* w40 ready$/);
    expect(new Set(answers).size).toBeGreaterThan(3);
    expect(answers.filter((answer) => !countedText(40).startsWith(answer))).toEqual([]);
  });
});
