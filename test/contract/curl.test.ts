import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { banner } from '../../local/banner.ts';
import { chooseModel } from '../../local/model-choice.ts';
import { readSse, startCurl, type CurlRequest, type SseBatch } from './curl-request.ts';
import { DOCUMENTS, graphql, type WireSend } from './graphql.ts';
import { openFeed } from './realtime-client.ts';
import { readToEnd } from './repairing-reader.ts';
import { countedText, expectGapless, expectReceipt, sendText, storedMessage } from './streamed-answer.ts';
import { useLocalTarget } from './target.ts';

const target = useLocalTarget();
process.stdout.write(`${/^curl \S+/.exec(execFileSync('curl', ['--version'], { encoding: 'utf8' }))?.[0]}\n`);
const credential = () => ({ apiKey: target().apiKey });

function postChat(body: Record<string, unknown>, ...words: string[]): CurlRequest {
  const json = ['-H', 'content-type: application/json', '-d', JSON.stringify(body)];
  return startCurl(`${target().httpUrl}/chat`, '-H', `x-api-key: ${target().apiKey}`, ...json, ...words);
}

const eventsSoFar = (request: CurlRequest) =>
  request.received.items.join('').split('event: batch').length - 1;

/** Checks a whole stream of one attempt and returns its text. */
function expectWhole(events: readonly SseBatch[], messageId: string): string {
  const kinds = events.map(({ batch }) => batch.kind);
  expect(kinds).toEqual(['START', ...kinds.slice(2).map(() => 'DELTA'), 'END']);
  let text = '';
  for (const { id, batch } of events) {
    expect(batch).toMatchObject({
      messageId,
      attempt: 1,
      part: 'TEXT',
      offset: text.length,
      nextWithinMs: 0,
    });
    expect(batch).not.toHaveProperty('seq');
    text += batch.text;
    const cursor = `${messageId}:1:${text.length}.0`;
    expect(id).toBe(batch.kind === 'END' ? `${cursor}:end` : cursor);
  }
  expectReceipt(events.at(-1)?.batch.end, text);
  return text;
}

describe('POST /chat with curl', () => {
  it('streams native SSE: opening, START, one event for each delta as it comes, END, EOF', async () => {
    const conversationId = randomUUID();
    const request = postChat({ text: '/tokens 60 60', conversationId });
    await request.received.when((reads) => reads.join('').includes(': ok\n'), 'the opening');
    const answer = await request.finished;
    const messageId = answer.headers.get('x-message-id') ?? '';

    expect({ status: answer.status, exitCode: answer.exitCode }).toEqual({ status: 200, exitCode: 0 });
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
      'x-conversation-id': conversationId,
      'x-request-id': expect.any(String) as string,
      'access-control-expose-headers': expect.stringMatching(
        /^x-message-id,x-conversation-id,x-request-id,retry-after(,|$)/,
      ) as string,
    });
    const events = readSse(answer.body);
    expect(expectWhole(events, messageId)).toBe(countedText(60));
    expect(events.filter(({ batch }) => batch.kind === 'DELTA')).toHaveLength(60);
    // A second of answer did not come in one piece.
    expect(request.received.items.length).toBeGreaterThan(20);

    const stored = await storedMessage(target(), credential(), conversationId, messageId);
    expect(stored).toMatchObject({ status: 'COMPLETE', text: countedText(60) });
    expect(stored.end?.sha256).toBe(events.at(-1)?.batch.end?.sha256);
  });

  it('gives the raw text to whoever accepts text/plain', async () => {
    const text = 'häß 🙂 line\nnext';
    const answer = await postChat({ text: `/echo ${text}` }, '-H', 'accept: text/plain').finished;

    expect(answer.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(answer.headers.get('x-message-id')).toMatch(/-1$/);
    expect(answer.body).toBe(`${text}\n`);
    expect(answer.exitCode).toBe(0);
  });

  it('tells an answer that failed from one that ended, in both forms', async () => {
    const events = readSse((await postChat({ text: '/error 500' }).finished).body);
    expect(events.map(({ batch }) => batch.kind)).toEqual(['START', 'END']);
    expect(events.at(-1)?.batch).toMatchObject({
      status: 'FAILED',
      end: { reason: 'ERROR', length: 0, error: { code: 'UPSTREAM_UNAVAILABLE', retryable: true } },
    });

    const plain = await postChat({ text: '/truncate 3' }, '-H', 'accept: text/plain').finished;
    expect(plain.body).toMatch(/^w1 w2 w3\n\[UPSTREAM_TRUNCATED\] .+\n$/);
  });

  it('works as the line that npm start prints', async () => {
    const printed = banner(target().stack, chooseModel({}), { keepsData: false, reloads: false });
    const line = /^ *(curl -N .*)$/m.exec(printed)?.[1] ?? '';
    const child = spawn('sh', ['-c', line], { stdio: ['ignore', 'pipe', 'ignore'] });
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    const [exitCode] = (await once(child, 'close')) as [number | null];
    const events = readSse(Buffer.concat(chunks).toString('utf8'));

    expect(exitCode).toBe(0);
    expect(expectWhole(events, events[0]?.batch.messageId ?? '')).toBe(countedText(50));
  });
});

describe('a repeated POST /chat', () => {
  it('attaches to the running answer from its beginning, and replays the finished one, under the same ids', async () => {
    const words = ['-H', `idempotency-key: ${randomUUID()}`];
    const body = { text: '/tokens 240 40' };
    const first = postChat(body, ...words);
    await first.received.when(() => eventsSoFar(first) > 20, 'twenty events');
    const second = postChat(body, ...words);
    await second.received.when(() => eventsSoFar(second) > 1, 'text by attaching');
    expect(first.received.items.join('')).not.toContain('"END"');
    const [started, attached] = await Promise.all([first.finished, second.finished]);
    const replayed = await postChat(body, ...words).finished;

    const messageId = started.headers.get('x-message-id') ?? '';
    for (const answer of [attached, replayed]) {
      expect(answer.status).toBe(200);
      expect(answer.headers.get('x-message-id')).toBe(messageId);
      expect(answer.headers.get('x-conversation-id')).toBe(started.headers.get('x-conversation-id'));
    }
    const streams = [started, attached, replayed].map(({ body: text }) => readSse(text));
    for (const events of streams) expect(expectWhole(events, messageId)).toBe(countedText(240));
    expect(new Set(streams.map((events) => JSON.stringify(events.at(-1)?.batch.end))).size).toBe(1);
    const journal = (await (await fetch(`${target().stack.offlineModelUrl}/local-journal`)).json()) as {
      requests: { prompt: string }[];
    };
    expect(journal.requests.filter(({ prompt }) => prompt === body.text)).toHaveLength(1);
  });
});

describe('an answer over both doors', () => {
  it('reaches a subscriber whole when curl started it', async () => {
    const conversationId = randomUUID();
    const feed = await openFeed(target(), credential(), { conversationId });
    const answer = await postChat({ text: '/tokens 80 100', conversationId }).finished;
    const messageId = answer.headers.get('x-message-id') ?? '';
    await feed.end(messageId);

    const text = expectWhole(readSse(answer.body), messageId);
    expect(expectGapless(feed.batches.items)).toBe(text);
    expect(text).toBe(countedText(80));
  });

  it('is exact for a reader who joins while curl streams it', async () => {
    const conversationId = randomUUID();
    // Longer than anybody takes to join; cancelled then.
    const request = postChat({ text: '/tokens 2000 60', conversationId });
    await request.received.when(() => eventsSoFar(request) > 30, 'thirty events');
    const messageId = /x-message-id: (\S+)/i.exec(request.received.items.join(''))?.[1] ?? '';
    const feed = await openFeed(target(), credential(), { conversationId, messageId });
    const reading = readToEnd({
      target: target(),
      credential: credential(),
      conversationId,
      messageId,
      received: feed.batches.items,
      withinMs: 30_000,
    });
    await feed.batches.when((batches) => batches.length > 1, 'two batches');
    await graphql(target(), credential(), DOCUMENTS.cancel, { conversationId, messageId });
    const answer = await request.finished;

    expect((await reading).message.text).toBe(expectWhole(readSse(answer.body), messageId));
  });

  it('is followed by curl when a mutation started it', async () => {
    const conversationId = randomUUID();
    const feed = await openFeed(target(), credential(), { conversationId });
    const input = { conversationId, clientMessageId: randomUUID(), text: '/tokens 120 80' };
    const sent = await graphql<{ sendMessage: WireSend }>(target(), credential(), DOCUMENTS.send, { input });
    await feed.batches.when((batches) => batches.length > 2, 'two batches');
    const request = postChat(input);
    const answer = await request.finished;
    const end = await feed.end();

    const messageId = sent.data.sendMessage.assistantMessage.id;
    expect(answer.headers.get('x-message-id')).toBe(messageId);
    expect(expectWhole(readSse(answer.body), messageId)).toBe(expectGapless(feed.batches.items));
    expect(readSse(answer.body).at(-1)?.batch.end).toMatchObject({ ...end.end });
  });

  it('continues one conversation: the parent of the next message is the last answer', async () => {
    const conversationId = randomUUID();
    const over = await postChat({ text: '/echo first', conversationId }).finished;
    const sent = await sendText(target(), credential(), '/echo second', conversationId);

    expect(sent.userMessage.parentId).toBe(over.headers.get('x-message-id'));
  });
});
