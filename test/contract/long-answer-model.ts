import { createHash } from 'node:crypto';
import { afterAll, beforeAll } from 'vitest';
import { CONTINUE_INSTRUCTION } from '../../protocol/continue-instruction.ts';
import { utf8Bytes } from '../../protocol/token-batch.ts';
import { bodyOf, startHttpServer, type HttpServer } from '../functions/http-server.ts';

/** One line with characters of one to four bytes, some of two UTF-16 units. */
const line = (number: number) => `Line ${number}: plain words, naïve café, 日本語のテキスト, 😀👩‍🚀.\n`;

/** A text of at least so many UTF-8 bytes. */
export function longText(bytes: number): string {
  const lines = Array.from({ length: Math.ceil(bytes / utf8Bytes(line(0))) }, (_, index) => line(index));
  return lines.join('');
}

/** UTF-16 units of a chunk: odd, so that many chunks end between the halves of a surrogate pair. */
const CHUNK_UNITS = 97;

/** UTF-16 units of a short answer. */
const SHORT_UNITS = 970;

interface ModelTurn {
  readonly role: string;
  readonly content: string;
}

/** A model that writes one long text, faster than anybody reads it. */
export interface LongAnswerModel {
  readonly baseUrl: string;
  /** What each request held: turns by role, with the SHA-256 of their content. */
  readonly requests: readonly (readonly { readonly role: string; readonly sha256: string }[])[];
}

const chunk = (delta: object, finish: string | null = null) =>
  `data: ${JSON.stringify({ choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;

/**
 * Starts the model for the tests of a file. To `half` it writes half of the text and then nothing more, to `short` a few lines;
 * asked to go on, it writes what follows the answer so far.
 */
export function useLongAnswerModel(text: string): () => LongAnswerModel {
  const requests: { role: string; sha256: string }[][] = [];
  let server: HttpServer | undefined;
  beforeAll(async () => {
    server = await startHttpServer((request, response) => {
      void bodyOf(request).then((body) => {
        const { messages } = JSON.parse(body) as { messages: ModelTurn[] };
        requests.push(messages.map(({ role, content }) => ({ role, sha256: digest(content) })));
        const [before, last] = messages.slice(-2);
        const isContinued = last?.content === CONTINUE_INSTRUCTION;
        const from = isContinued ? (before?.content.length ?? 0) : 0;
        const isHalf = last?.content === 'half';
        const isShort = last?.content === 'short';
        const to = isShort ? SHORT_UNITS : isHalf ? text.length / 2 : text.length;
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        for (let at = from; at < to; at += CHUNK_UNITS)
          response.write(chunk({ content: text.slice(at, Math.min(to, at + CHUNK_UNITS)) }));
        if (!isHalf) response.end(`${chunk({}, 'stop')}data: [DONE]\n\n`);
      });
    });
  });
  afterAll(() => server?.close());
  return () => {
    if (!server) throw new Error('The model has not started');
    return { baseUrl: `${server.url}/v1`, requests };
  };
}

function digest(content: string): string {
  return createHash('sha256').update(content, 'utf8').digest('hex');
}
