import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { banner } from '../../local/banner.ts';
import { chooseModel } from '../../local/model-choice.ts';
import { readSse } from './curl-request.ts';
import { contentSha256, useFrontsTarget } from './http-front.ts';
import { withoutEffect } from './no-effect.ts';
import { countedText } from './streamed-answer.ts';

const target = useFrontsTarget();
const url = () => target().httpUrl;
const token = () => target().token('alice');

/** The shell lines of docs/operations.md after this heading. */
function recipe(heading: string): string {
  const text = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8');
  const after = text.slice(text.indexOf(heading));
  const [, lines] = /```sh\n([^]*?)```/.exec(after) ?? [];
  if (!text.includes(heading) || !lines) throw new Error(`No shell lines after ${heading}`);
  return lines;
}

/** Runs shell lines as somebody would paste them. */
async function shell(lines: string, environment: Record<string, string>): Promise<string> {
  const child = spawn('sh', ['-eu', '-c', lines], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { PATH: process.env.PATH, ...environment },
  });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  const [exitCode] = (await once(child, 'close')) as [number | null];
  expect(exitCode).toBe(0);
  return Buffer.concat(chunks).toString();
}

describe('the recipe for CloudFront', () => {
  it('streams with curl as it stands', async () => {
    const output = await shell(recipe('### CloudFront'), { CDN_URL: url(), TOKEN: await token() });

    const events = readSse(output);
    expect(events.at(0)?.batch.kind).toBe('START');
    expect(events.at(-1)?.batch).toMatchObject({ kind: 'END', status: 'COMPLETE' });
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
