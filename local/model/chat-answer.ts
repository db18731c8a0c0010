import type { ServerResponse } from 'node:http';
import type { ChatCompletionRequest } from '@copilotkit/aimock';
import type { Answer } from './answer.ts';
import { chatCompletion, chatEvents, usageOf, type AnswerIdentity } from './chat-wire.ts';
import { paced, type PacingClock } from './pacing.ts';
import type { JournalledRequest, RequestJournal } from './request-journal.ts';

type TextAnswer = Extract<Answer, { kind: 'text' }>;

/** What one answer is written with. */
export interface AnswerContext {
  request: ChatCompletionRequest;
  identity: AnswerIdentity;
  includeUsage: boolean;
  entry: JournalledRequest;
  journal: RequestJournal;
  clock: PacingClock;
}

/**
 * Writes a text answer, streamed or whole as the request asks, and journals how it ended.
 *
 * Each token is one event and one write, which leaves the socket at once; nothing is sent ahead of a client that does not
 * read. When the client leaves, no further token is counted and the request is journalled as aborted. Never rejects.
 */
export async function writeAnswer(
  res: ServerResponse,
  answer: TextAnswer,
  context: AnswerContext,
): Promise<void> {
  const left = new AbortController();
  res.on('close', () => {
    if (res.writableFinished) return;
    context.journal.end(context.entry, 'aborted');
    left.abort();
  });
  if (context.request.stream === true) await writeStream(res, answer, context, left.signal);
  else await writeWhole(res, answer, context, left.signal);
}

async function writeStream(
  res: ServerResponse,
  answer: TextAnswer,
  context: AnswerContext,
  left: AbortSignal,
): Promise<void> {
  const { entry, journal, identity, includeUsage, clock } = context;
  const events = chatEvents(identity, includeUsage);
  res.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' });
  await write(res, events.role(answer.tool === undefined ? '' : null), left);
  if (answer.tool !== undefined) await write(res, events.toolCall(answer.tool), left);

  for await (const token of paced(answer.tokens, answer.tokensPerSecond, clock, left)) {
    entry.tokensSent += 1;
    await write(res, answer.tool === undefined ? events.delta(token) : events.toolArguments(token), left);
  }
  if (left.aborted || answer.ending === 'stall') return;
  if (answer.ending === 'cut') {
    journal.end(entry, 'cut');
    await flushed(res);
    res.destroy();
    return;
  }
  if (answer.ending === 'truncate') {
    journal.end(entry, 'truncated');
    res.end();
    return;
  }
  const usage = includeUsage ? events.usage(usageOf(context.request, entry.tokensSent)) : '';
  journal.end(entry, 'complete');
  res.end(events.finish(answer.finishReason) + usage + events.done());
}

async function writeWhole(
  res: ServerResponse,
  answer: TextAnswer,
  context: AnswerContext,
  left: AbortSignal,
): Promise<void> {
  const { entry, journal, identity, request, clock } = context;
  let text = '';
  for await (const token of paced(answer.tokens, answer.tokensPerSecond, clock, left)) text += token;
  if (left.aborted || answer.ending === 'stall') return;
  if (answer.ending === 'cut') {
    journal.end(entry, 'cut');
    res.destroy();
    return;
  }
  entry.tokensSent = answer.tokens.length;
  const isTruncated = answer.ending === 'truncate';
  journal.end(entry, isTruncated ? 'truncated' : 'complete');
  res.writeHead(200, { 'content-type': 'application/json' });
  const usage = usageOf(request, entry.tokensSent);
  const said = { text, tool: answer.tool };
  res.end(chatCompletion(identity, said, usage, isTruncated ? null : answer.finishReason));
}

async function write(res: ServerResponse, event: string, left: AbortSignal): Promise<void> {
  if (left.aborted || res.write(event)) return;
  await new Promise<void>((resolve) => {
    const settle = (): void => {
      res.off('drain', settle);
      left.removeEventListener('abort', settle);
      resolve();
    };
    res.once('drain', settle);
    left.addEventListener('abort', settle, { once: true });
  });
}

/** A destroyed socket drops what it has not handed to the kernel, and then fewer than N tokens would arrive. */
function flushed(res: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    if (res.socket === null || res.socket.destroyed) resolve();
    else res.socket.write('', () => resolve());
  });
}
