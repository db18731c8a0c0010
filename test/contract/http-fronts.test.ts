import { randomUUID } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { describe, expect, it } from 'vitest';
import { OFFLINE_MODEL } from '../../local/model-choice.ts';
import type { WirePage } from './api.ts';
import { readSse } from './curl-request.ts';
import type { WireMessage } from './graphql.ts';
import { ask, useHttpFronts, type HttpFront } from './http-front.ts';
import { SseReader } from './sse-reader.ts';
import { countedText, expectReceipt } from './streamed-answer.ts';

const FRONTS = useHttpFronts();

const postChat = (front: HttpFront, body: unknown, headers: Record<string, string> = {}) =>
  ask(front, '/chat', {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });

const readerOf = async (front: HttpFront, conversationId: string, messageId: string) =>
  new SseReader(`${front.url()}/conversations/${conversationId}/messages/${messageId}/events`, {
    'x-chat-token': await front.target().token('alice'),
  });

const pathOf = (answer: Response) =>
  `/conversations/${answer.headers.get('x-conversation-id')}/messages/${answer.headers.get('x-message-id')}`;

describe.each(FRONTS)('the HTTP door behind $name', (front) => {
  it('streams an answer as it comes, byte for byte as PROTOCOL.md gives it', async () => {
    const answer = await postChat(front, { text: '/tokens 60 100' });
    expect(answer.status).toBe(200);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
      'access-control-allow-origin': '*',
      'x-request-id': expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
    });
    const pieces: string[] = [];
    for await (const piece of answer.body!.pipeThrough(new TextDecoderStream())) pieces.push(piece);

    expect(pieces[0]).not.toContain('"END"');
    expect(pieces.length).toBeGreaterThan(3);
    const events = readSse(pieces.join(''));
    expect(events.map(({ batch }) => batch.text).join('')).toBe(countedText(60));
    expectReceipt(events.at(-1)?.batch.end, countedText(60));
  });

  it('gives raw text, whatever characters it has', async () => {
    const answer = await postChat(front, { text: '/echo Grüße 東京 👋🏽' }, { accept: 'text/plain' });

    expect(answer.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(await answer.text()).toBe('Grüße 東京 👋🏽\n');
  });

  it('resumes after a reader left, and has nothing more after END', async () => {
    const started = await postChat(front, { text: '/tokens 300 400' });
    const first = started.body!.getReader();
    await first.read();
    await first.cancel();
    const conversationId = started.headers.get('x-conversation-id') ?? '';
    const reader = await readerOf(front, conversationId, started.headers.get('x-message-id') ?? '');

    expect(await reader.read(() => reader.text.length > 40)).toBe('left');
    await reader.readToEnd();
    expect(reader.text).toBe(countedText(300));
    expectReceipt(reader.end, reader.text);
    expect(await reader.read()).toBe('nothing');
  });

  it('attaches a repeat to the running answer', async () => {
    const body = { text: '/tokens 120 400', conversationId: randomUUID() };
    const key = { 'idempotency-key': randomUUID() };
    const [first, second] = await Promise.all([postChat(front, body, key), postChat(front, body, key)]);
    const [one, two] = await Promise.all([first.text(), second.text()]);

    expect(second.headers.get('x-message-id')).toBe(first.headers.get('x-message-id'));
    const ends = [one, two].map((text) => readSse(text).at(-1)?.batch.end);
    expect(ends[0]).toEqual(ends[1]);
    expectReceipt(ends[0], countedText(120));
  });

  it('waits for an answer as JSON, and lists it with its parameters in pages', async () => {
    const conversationId = randomUUID();
    const waited = await postChat(
      front,
      { text: '/echo done', conversationId },
      { accept: 'application/json' },
    );
    expect(waited.status).toBe(200);
    const answer = (await waited.json()) as WireMessage;
    expect(answer).toMatchObject({ text: 'done', status: 'COMPLETE' });

    const listed: string[] = [];
    const parameters = new URLSearchParams({ limit: '1' });
    for (let pages = 0; pages < 3; pages += 1) {
      const page = await ask(front, `/conversations/${conversationId}/messages?${parameters.toString()}`);
      const { items, nextToken } = (await page.json()) as WirePage<WireMessage>;
      listed.push(...items.map(({ id }) => id));
      if (nextToken === null) break;
      parameters.set('nextToken', nextToken);
    }
    expect(listed).toEqual([answer.id, answer.parentId]);
  });

  it('gives a ticket, with which events are read without a header', async () => {
    const started = await postChat(front, { text: '/tokens 100 300' });
    const asked = await ask(front, `${pathOf(started)}/events/ticket`, { method: 'POST' });
    const { ticket } = (await asked.json()) as { ticket: string };
    const reader = new SseReader(`${front.url()}${pathOf(started)}/events?ticket=${ticket}`, {});
    await Promise.all([reader.readToEnd(), started.text()]);

    expect(reader.text).toBe(countedText(100));
  });

  it('speaks the other dialects', async () => {
    const messages = [{ role: 'user', content: '/echo hello' }];
    const completion = await ask(front, '/v1/chat/completions', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: OFFLINE_MODEL, messages }),
    });
    expect(await completion.json()).toMatchObject({ choices: [{ message: { content: 'hello' } }] });
    const stream = await ask(front, `/api/chat/${randomUUID()}/stream`);
    expect(stream.status).toBe(204);
  });

  it('cancels', async () => {
    const started = await postChat(front, { text: '/tokens 1900 60' });
    const cancelled = await ask(front, `${pathOf(started)}/cancel`, { method: 'POST' });

    expect(cancelled.status).toBe(200);
    expect(((await cancelled.json()) as WireMessage).id).toBe(started.headers.get('x-message-id'));
    expect(readSse(await started.text()).at(-1)?.batch).toMatchObject({ status: 'CANCELLED' });
  });

  it('refuses HEAD of events without a body, and answers HEAD of health', async () => {
    const events = await ask(front, '/conversations/a/messages/b/events', { method: 'HEAD' });
    expect([events.status, await events.text()]).toEqual([405, '']);
    const health = await ask(front, '/health', { method: 'HEAD' });
    expect([health.status, await health.text()]).toEqual([200, '']);
  });

  it('allows pages of any origin every header they need', async () => {
    const headers = 'content-type,idempotency-key,last-event-id,x-amz-content-sha256,x-chat-token';
    const answer = await fetch(`${front.url()}/chat`, {
      method: 'OPTIONS',
      headers: {
        origin: 'https://example.org',
        'access-control-request-method': 'POST',
        'access-control-request-headers': headers,
      },
    });

    expect(answer.status).toBe(204);
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    expect(answer.headers.get('access-control-allow-methods')).toBe('GET,POST,OPTIONS');
    expect(answer.headers.get('access-control-allow-headers')?.split(',').sort().join()).toBe(headers);
  });
});

describe.each(FRONTS.filter(({ name }) => name !== 'CloudFront'))('$name', (front) => {
  it('passes a bearer token on', async () => {
    const authorization = `Bearer ${await front.target().token('alice')}`;
    const answer = await fetch(`${front.url()}/conversations/a/messages/b/events`, {
      headers: { authorization },
    });

    expect(answer.status).toBe(404);
  });

  it('answers a GET that has a body', async () => {
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const headers = { 'content-length': 12 };
      const request = httpRequest(`${front.url()}/health`, { method: 'GET', headers }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      request.on('error', reject).end('{"text":"a"}');
    });

    expect(status).toBe(200);
  });
});
