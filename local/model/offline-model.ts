import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { createServer, writeErrorResponse, type Mountable } from '@copilotkit/aimock';
import { createFaultTally, createModelFates, NO_FAULTS } from '../faults/index.ts';
import type { FaultCounts, FaultSet, ModelFate } from '../faults/index.ts';
import { answerTo, withFault, type Answer, type Question } from './answer.ts';
import { writeAnswer } from './chat-answer.ts';
import { parseChatRequest } from './chat-request.ts';
import { errorBody } from './chat-wire.ts';
import type { PacingClock } from './pacing.ts';
import { createRequestJournal, type RequestJournal } from './request-journal.ts';

const MAX_BODY_BYTES = 16 * 1024 * 1024;

/** A running offline model. */
export interface OfflineModel {
  /** Origin without a trailing slash; an OpenAI SDK takes `${url}/v1` as its base URL. */
  url: string;
  /** The requests so far; over HTTP the same at `GET /local-journal`, emptied by `DELETE /local-journal`. */
  journal: RequestJournal;
  /** From the next request on these faults happen, to answers that no command has made faulty. */
  setFaults(faults: Pick<FaultSet, 'model' | 'seed'>): void;
  /** How many of each happened since the start. */
  injectedFaults(): FaultCounts;
  /** Breaks open connections and resolves when the port is free. May be called twice. */
  close(): Promise<void>;
}

/** Where the offline model listens. */
export interface OfflineModelOptions {
  host: string;
  /** @defaultValue 0, a free port */
  port?: number;
}

/**
 * Starts a model that answers without a network: Chat Completions on OpenAI's wire, any key and any model id accepted.
 *
 * It is aimock's server with Chat Completions mounted into it. aimock's own fixtures cannot serve this endpoint: pacing and
 * chunk size belong to a fixture and not to a request, chunks are cut by length and not by token, an early end always breaks
 * the connection, there is no silence, and a client that leaves is not journalled.
 */
export async function startOfflineModel({ host, port = 0 }: OfflineModelOptions): Promise<OfflineModel> {
  const journal = createRequestJournal(Date.now);
  const tally = createFaultTally();
  let fates = createModelFates(NO_FAULTS);
  const answerOf = (question: Question): Answer => {
    const answer = answerTo(question);
    // Drawn for every request, so that a command does not shift what follows.
    const fate: ModelFate = fates();
    const altered = withFault(answer, fate);
    if (altered !== answer && fate.kind !== 'ok') tally.count(`model.${fate.kind}`);
    return altered;
  };
  const { server, url } = await createServer([], { host, port, logLevel: 'silent' }, [
    { path: '/v1/chat/completions', handler: mounted((req, res) => answerChat(req, res, journal, answerOf)) },
    { path: '/local-journal', handler: mounted((req, res) => answerJournal(req, res, journal)) },
  ]);
  let closed: Promise<void> | undefined;
  return {
    url,
    journal,
    setFaults(faults) {
      fates = createModelFates(faults);
    },
    injectedFaults: () => tally.read(),
    close() {
      closed ??= new Promise((resolve, reject) => {
        server.close((error) => (error ? reject(error) : resolve()));
        server.closeAllConnections();
      });
      return closed;
    },
  };
}

function mounted(answer: (req: IncomingMessage, res: ServerResponse) => Promise<void> | void): Mountable {
  return {
    handleRequest: async (req, res) => {
      await answer(req, res);
      return true;
    },
  };
}

async function answerChat(
  req: IncomingMessage,
  res: ServerResponse,
  journal: RequestJournal,
  answerOf: (question: Question) => Answer,
): Promise<void> {
  if (req.method !== 'POST') return sendError(res, 405, 'Only POST is accepted here.');
  const body = await readBody(req);
  if (body === undefined) return sendError(res, 413, 'The request body is too large.');
  const parsed = parseChatRequest(body);
  if (!parsed.ok) return sendError(res, 400, parsed.message);

  const { request, question, includeUsage } = parsed;
  const entry = journal.begin(request, question.prompt);
  const answer = answerOf(question);
  if (answer.kind === 'error') {
    journal.end(entry, 'error');
    if (answer.retryAfterSeconds !== undefined) res.setHeader('retry-after', answer.retryAfterSeconds);
    return sendError(res, answer.status, `The offline model answers ${answer.status} as it was told to.`);
  }
  const identity = {
    id: `chatcmpl-${randomUUID()}`,
    created: Math.floor(entry.startedAtMs / 1000),
    model: request.model,
  };
  return writeAnswer(res, answer, { request, identity, includeUsage, entry, journal, clock: systemClock });
}

function answerJournal(req: IncomingMessage, res: ServerResponse, journal: RequestJournal): void {
  if (req.method === 'DELETE') {
    journal.clear();
    res.writeHead(204).end();
    return;
  }
  if (req.method !== 'GET') return sendError(res, 405, 'Only GET and DELETE are accepted here.');
  res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(journal.snapshot()));
}

function sendError(res: ServerResponse, status: number, message: string): void {
  writeErrorResponse(res, status, errorBody(status, message));
}

/** Resolves to undefined for a body over the limit, which is read to its end so that the answer can be sent. */
async function readBody(req: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of req as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  return bytes <= MAX_BODY_BYTES ? Buffer.concat(chunks).toString('utf8') : undefined;
}

const systemClock: PacingClock = {
  now: () => performance.now(),
  wait: (ms, signal) => setTimeout(ms, undefined, { signal }).catch(() => undefined),
  yieldToIo: () => setImmediate(),
};
