import type { ServerResponse } from 'node:http';
import { afterAll, beforeAll } from 'vitest';
import { bodyOf, startHttpServer, type HttpServer } from '../functions/http-server.ts';

const WORD_EVERY_MS = 40;

/** Every fifth word has characters of two, three and four bytes, the last of them two UTF-16 units. */
const word = (number: number) => `${number === 1 ? '' : ' '}w${number}${number % 5 === 0 ? 'é日😀' : ''}`;

const chunk = (delta: object, finish: string | null = null) =>
  `data: ${JSON.stringify({ choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;

/** An answer as the model writes it. */
export interface CountedAnswer {
  /** The user text it answers. */
  readonly prompt: string;
  /** What was written so far. */
  readonly text: string;
  /** Writes no more, and ends the answer as it should. */
  finish(): void;
}

/** A model that counts until it is told to finish, whatever it is asked: a test decides how long an answer takes. */
export interface CountingModel {
  readonly baseUrl: string;
  /** One for each request, oldest first. */
  readonly answers: readonly CountedAnswer[];
}

/** Starts the model for the tests of a file. */
export function useCountingModel(): () => CountingModel {
  const answers: CountedAnswer[] = [];
  let server: HttpServer | undefined;
  beforeAll(async () => {
    server = await startHttpServer((request, response) => {
      void bodyOf(request).then((body) => {
        const { messages } = JSON.parse(body) as { messages: readonly { content: string }[] };
        answers.push(count(messages.at(-1)?.content ?? '', response));
      });
    });
  });
  afterAll(() => server?.close());
  return () => {
    if (!server) throw new Error('The model has not started');
    return { baseUrl: `${server.url}/v1`, answers };
  };
}

function count(prompt: string, response: ServerResponse): CountedAnswer {
  let [words, text] = [0, ''];
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const timer = setInterval(() => {
    const content = word((words += 1));
    text += content;
    response.write(chunk({ content }));
  }, WORD_EVERY_MS);
  response.on('close', () => clearInterval(timer));
  return {
    prompt,
    get text() {
      return text;
    },
    finish() {
      clearInterval(timer);
      response.end(`${chunk({}, 'stop')}data: [DONE]\n\n`);
    },
  };
}
