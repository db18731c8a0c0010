import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { callerOf, modelRequests, PLAYGROUND, type MessageName } from './api.ts';
import { startCurl } from './curl-request.ts';
import type { WireMessage } from './graphql.ts';
import { openFeed } from './realtime-client.ts';
import { SseReader } from './sse-reader.ts';
import { putAnswer } from './stored-answers.ts';
import { keyOf, storedItems, withProbe } from './stored-items.ts';
import { countedText, expectReceipt, sha256, storedMessage } from './streamed-answer.ts';
import { useLocalTarget } from './target.ts';

const target = useLocalTarget(withProbe);
const credential = () => ({ apiKey: target().apiKey });
const caller = () => callerOf(target(), credential());
const key = () => ({ 'x-api-key': target().apiKey });
const pathOf = ({ conversationId, id }: MessageName) =>
  `${target().httpUrl}/conversations/${conversationId}/messages/${id}`;
const stored = ({ conversationId, id }: MessageName) =>
  storedMessage(target(), credential(), conversationId, id);

/** Cancels over the HTTP door. */
async function cancel(message: MessageName): Promise<WireMessage> {
  const answer = await fetch(`${pathOf(message)}/cancel`, { method: 'POST', headers: key() });
  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
  return (await answer.json()) as WireMessage;
}

describe('POST cancel', () => {
  it('stops an answer that a mutation started: aborted model, partial text, END on both doors', async () => {
    const prompt = '/tokens 1900 50';
    const conversationId = randomUUID();
    const feed = await openFeed(target(), credential(), { conversationId });
    const { assistantMessage } = await caller().send(prompt, { conversationId });
    const reader = new SseReader(`${pathOf(assistantMessage)}/events`, key());
    const left = await reader.read(() => reader.text.length > 50);
    expect(left).toBe('left');

    const flagged = await cancel(assistantMessage);
    expect(flagged).toMatchObject({ id: assistantMessage.id, status: 'STREAMING', end: null });
    await reader.readToEnd();
    const end = await feed.end(assistantMessage.id);

    expect(reader).toMatchObject({ status: 'CANCELLED', end: { reason: 'CANCELLED', continuable: false } });
    expect(end).toMatchObject({ status: 'CANCELLED', end: { sha256: reader.end?.sha256 } });
    expect(countedText(1900).startsWith(reader.text)).toBe(true);
    expectReceipt(reader.end, reader.text);
    const [asked] = await modelRequests(target(), prompt);
    expect(asked).toMatchObject({ outcome: 'aborted' });
    const again = await cancel(assistantMessage);
    expect(again).toMatchObject({ status: 'CANCELLED', text: reader.text });
    expectReceipt(again.end, reader.text);
  });

  it('is answered like cancelMessage, field by field', async () => {
    const { userMessage, assistantMessage } = await caller().send('/echo done');
    await caller().ended(assistantMessage);
    for (const message of [assistantMessage, userMessage]) {
      const { end, ...fields } = await stored(message);
      const answer = await cancel(message);
      expect(answer).toMatchObject({ ...fields, end: end ? { sha256: end.sha256 } : null });
      expect(Object.keys(answer).sort()).toEqual([...Object.keys(fields), 'end'].sort());
      expect(await stored(message)).toEqual({ ...fields, end });
    }
  });

  it('ends a PENDING answer at once, keeps what earlier attempts wrote, and settle publishes its END', async () => {
    const text = 'Grüße 😀';
    const waiting = await putAnswer(storedItems(target()), {
      ...{ attempt: 2, text, resumeOffset: text.length, sha256: sha256(text) },
    });
    const feed = await openFeed(target(), credential(), { conversationId: waiting.conversationId });
    const cancelled = await cancel(waiting);
    expect(cancelled).toMatchObject({ status: 'CANCELLED', text, attempt: 2, end: { reason: 'CANCELLED' } });
    expectReceipt(cancelled.end, text);
    expect(await feed.end(waiting.id)).toMatchObject({ status: 'CANCELLED', attempt: 2 });
    expect(await storedItems(target()).get(keyOf(PLAYGROUND, waiting))).toMatchObject({
      status: 'CANCELLED',
    });
  });
});

describe('cancelMessage', () => {
  it('stops an answer that curl started, and the curl ends with END', async () => {
    const prompt = '/tokens 1800 50';
    const conversationId = randomUUID();
    const request = startCurl(
      `${target().httpUrl}/chat`,
      ...['-H', `x-api-key: ${target().apiKey}`, '-H', 'content-type: application/json'],
      ...['-d', JSON.stringify({ text: prompt, conversationId })],
    );
    const bodySoFar = () => request.received.items.join('');
    await request.received.when(() => bodySoFar().split('event: batch').length > 20, 'twenty events');
    const messageId = /x-message-id: (\S+)/i.exec(bodySoFar())?.[1] ?? '';
    await caller().call('cancel', { conversationId, messageId });
    const answer = await request.finished;

    expect(answer.exitCode).toBe(0);
    const reader = new SseReader(`${pathOf({ conversationId, id: messageId })}/events`, key());
    reader.take(answer.body);
    expect(reader).toMatchObject({ status: 'CANCELLED', end: { reason: 'CANCELLED' } });
    expectReceipt(reader.end, reader.text);
    expect(await stored({ conversationId, id: messageId })).toMatchObject({ text: reader.text });
    const [asked] = await modelRequests(target(), prompt);
    expect(asked).toMatchObject({ outcome: 'aborted' });
  });
});
