import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import { banner } from '../../local/banner.ts';
import { chooseModel } from '../../local/model-choice.ts';
import { chatOf, SDKS, textOf } from '../ai-sdk.ts';
import { readSse } from './curl-request.ts';
import { contentSha256, useFrontsTarget } from './http-front.ts';
import { withoutEffect } from './no-effect.ts';
import { ask } from './openai-client.ts';
import { countedText } from './streamed-answer.ts';

const target = useFrontsTarget();
const url = () => target().httpUrl;
const token = () => target().token('alice');

const run = promisify(execFile);

/** The code of docs/operations.md for CloudFront in this language. */
function recipe(language: 'sh' | 'js'): string {
  const page = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8');
  const [, section = ''] = page.split('\n### CloudFront\n');
  const [, code] = new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``).exec(section) ?? [];
  if (!code) throw new Error(`No ${language} for CloudFront`);
  return code;
}

/** Runs shell lines as somebody would paste them. */
async function shell(lines: string, environment: Record<string, string>): Promise<string> {
  const env = { PATH: process.env.PATH, ...environment };
  return (await run('sh', ['-eu', '-c', lines], { env })).stdout;
}

/** The page's fetch. */
async function hashing(): Promise<typeof fetch> {
  const address = `data:text/javascript,${encodeURIComponent(recipe('js'))}`;
  const { hashingFetch } = (await import(address)) as { hashingFetch: typeof fetch };
  return hashingFetch;
}

/** Checks that an SSE body is a whole answer. */
function expectWhole(body: string): void {
  const events = readSse(body);
  expect(events.at(0)?.batch.kind).toBe('START');
  expect(events.at(-1)?.batch).toMatchObject({ kind: 'END', status: 'COMPLETE' });
}

describe('the recipes for CloudFront', () => {
  it('stream with curl as they stand', async () => {
    expectWhole(await shell(recipe('sh'), { CDN_URL: url(), TOKEN: await token() }));
  });

  it('stream with fetch as they stand', async () => {
    const hashingFetch = await hashing();
    const headers = { 'content-type': 'application/json', 'x-chat-token': await token() };
    const init = { method: 'POST', headers, body: '{"text":"Grüße 👋🏽"}' };
    expectWhole(await (await hashingFetch(`${url()}/chat`, init)).text());
  });

  it("stream with OpenAI's SDK", async () => {
    const defaultHeaders = { 'x-chat-token': await token() };
    const given = { baseURL: `${url()}/v1`, apiKey: 'none', fetch: await hashing(), defaultHeaders };
    const stream = new OpenAI({ ...given, maxRetries: 0 }).chat.completions.stream(ask('/tokens 20'));
    expect(await stream.finalContent()).toBe(countedText(20));
  });

  it.each(SDKS)('stream with AI SDK %s', async (_version, sdk) => {
    const headers = { 'x-chat-token': await token() };
    const given = { id: randomUUID(), api: `${url()}/api/chat`, fetch: await hashing(), headers };
    const { chat } = chatOf(sdk, given);
    await chat.sendMessage({ text: '/tokens 20' });
    expect([chat.status, textOf(chat.messages.at(-1))]).toEqual(['ready', countedText(20)]);
  });
});

describe('the line that npm start prints', () => {
  it('streams through CloudFront', async () => {
    const printed = banner(target().stack, chooseModel({}), { keepsData: false, reloads: false });
    const line = /^ *(curl -N .*)$/m.exec(printed)?.[1] ?? '';

    expect(readSse(await shell(line, {})).at(-1)?.batch.end).toMatchObject({
      length: countedText(50).length,
    });
  });
});

describe('a request through CloudFront', () => {
  const body = '{"text":"/tokens 5 100"}';
  const post = async (headers: Record<string, string>) =>
    fetch(`${url()}/chat`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'x-chat-token': await token(),
        accept: 'text/plain',
        ...headers,
      },
      body,
    });

  it('is taken with the hash of its body', async () => {
    expect(await (await post(contentSha256(body))).text()).toBe(`${countedText(5)}\n`);
  });

  it.each([
    ['without the hash of its body', {}],
    ['with the hash of another body', contentSha256('{}')],
  ])('never reaches the door %s', async (_name, headers) => {
    const answer = await withoutEffect(target().stack, () => post(headers));
    expect(answer.status).toBe(403);
    expect(answer.headers.get('x-request-id')).toBeNull();
  });

  it('has lost its own Authorization', async () => {
    const headers = { ...contentSha256(body), 'content-type': 'application/json' };
    const authorization = `Bearer ${await token()}`;
    const answer = await fetch(`${url()}/chat`, {
      method: 'POST',
      headers: { ...headers, authorization },
      body,
    });

    expect(answer.status).toBe(401);
  });
});
