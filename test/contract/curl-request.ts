import { spawn } from 'node:child_process';
import { onTestFinished } from 'vitest';
import type { TokenBatch } from '../../protocol/generated/schema-types.ts';
import { Mailbox } from './mailbox.ts';

/** What curl received. */
export interface CurlAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
  /** curl's exit code; 0 means that the body had a proper end. */
  readonly exitCode: number | null;
}

/** A running curl. */
export interface CurlRequest {
  /** Everything received so far, head and body, one entry for each read. */
  readonly received: Mailbox<string>;
  readonly finished: Promise<CurlAnswer>;
  /** Breaks the connection by ending curl. */
  cut(): void;
}

/** Runs the real curl with these arguments, its output unbuffered and with the head in front. It ends with the test. */
export function startCurl(url: string, ...words: string[]): CurlRequest {
  const child = spawn('curl', ['-s', '-N', '-i', '--max-time', '40', url, ...words], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  onTestFinished(() => void child.kill());
  const received = new Mailbox<string>();
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    received.put(chunk.toString('utf8'));
  });
  const finished = new Promise<CurlAnswer>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (exitCode) =>
      resolve({ ...parse(Buffer.concat(chunks).toString('utf8')), exitCode }),
    );
  });
  return { received, finished, cut: () => void child.kill() };
}

function parse(output: string): Omit<CurlAnswer, 'exitCode'> {
  const end = output.indexOf('\r\n\r\n');
  const [statusLine = '', ...lines] = output.slice(0, end).split('\r\n');
  const headers = new Headers(
    lines.map((line): [string, string] => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon), line.slice(colon + 1).trim()];
    }),
  );
  return { status: Number(statusLine.split(' ')[1]), headers, body: output.slice(end + 4) };
}

/** An event of the native SSE form. */
export interface SseBatch {
  readonly id: string;
  readonly batch: Omit<TokenBatch, 'seq'>;
}

/**
 * Reads a native SSE body byte for byte as PROTOCOL.md gives it: LF only, the opening comment with the retry time, then
 * blocks of exactly `id`, `event: batch` and one `data` line. Throws at anything else.
 */
export function readSse(body: string): SseBatch[] {
  const opening = ': ok\nretry: 2000\n\n';
  if (!body.startsWith(opening))
    throw new Error(`The stream begins with ${JSON.stringify(body.slice(0, 40))}`);
  if (body.includes('\r')) throw new Error('The stream has a CR');
  if (!body.endsWith('\n\n')) throw new Error('The stream ends inside an event');
  const blocks = body.slice(opening.length).split('\n\n').slice(0, -1);
  return blocks
    .filter((block) => block !== ': hb')
    .map((block) => {
      const match = /^id: (\S+)\nevent: batch\ndata: (.+)$/.exec(block);
      if (!match?.[1] || !match[2]) throw new Error(`No event: ${JSON.stringify(block)}`);
      return { id: match[1], batch: JSON.parse(match[2]) as SseBatch['batch'] };
    });
}
