import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { machineNow } from './clock.ts';

/** The answer a model server gives to every request. */
export interface ModelAnswer {
  readonly tokens: readonly string[];
  readonly tokensPerSecond: number;
}

/** A model in the OpenAI wire format that writes down when it sent each token. */
export interface ModelServer {
  /** Base URL for an OpenAI client. */
  readonly baseUrl: string;
  /** For each request so far, in order: `machineNow()` just before each token was written to the socket. */
  readonly sentAt: readonly (readonly number[])[];
  /** For each request, in the same order: `machineNow()` when its reader closed the connection before the end; null if not. */
  readonly leftAt: readonly (number | null)[];
  close(): Promise<void>;
}

function chunk(delta: object, finishReason: string | null): string {
  const body = {
    id: 'chatcmpl-bench',
    object: 'chat.completion.chunk',
    created: 0,
    model: 'bench',
    choices: [{ index: 0, delta, finish_reason: finishReason }],
  };
  return `data: ${JSON.stringify(body)}\n\n`;
}

/** Tokens leave by one schedule from the first on, so a late one does not delay those after it. */
async function stream(response: ServerResponse, answer: ModelAnswer, sentAt: number[]): Promise<void> {
  const chunks = answer.tokens.map((token) => chunk({ content: token }, null));
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write(chunk({ role: 'assistant', content: '' }, null));
  const gapMs = 1000 / answer.tokensPerSecond;
  const startedAt = machineNow() + gapMs;
  for (const [index, text] of chunks.entries()) {
    await delay(Math.max(0, startedAt + index * gapMs - machineNow()));
    if (response.destroyed) return;
    sentAt.push(machineNow());
    response.write(text);
  }
  response.write(chunk({}, 'stop'));
  response.end('data: [DONE]\n\n');
}

/** Starts the model on a free port of 127.0.0.1, without Nagle's delay. */
export async function startModelServer(answer: ModelAnswer): Promise<ModelServer> {
  const sentAt: number[][] = [];
  const leftAt: (number | null)[] = [];
  const server = createServer({ noDelay: true }, (request, response) => {
    const sent: number[] = [];
    const number = sentAt.push(sent) - 1;
    leftAt.push(null);
    response.once('close', () => {
      if (!response.writableFinished) leftAt[number] = machineNow();
    });
    request.resume();
    request.once('end', () => void stream(response, answer, sent));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    baseUrl: `http://127.0.0.1:${port}/v1`,
    sentAt,
    leftAt,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
