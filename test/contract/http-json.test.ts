import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { callerOf } from './api.ts';
import { startCurl } from './curl-request.ts';
import type { WireMessage } from './graphql.ts';
import { countedText, expectReceipt, storedMessage } from './streamed-answer.ts';
import { useLocalTarget } from './target.ts';

const target = useLocalTarget();
const credential = () => ({ apiKey: target().apiKey });

/** Asks with the real curl for a whole answer. */
function ask(body: Record<string, unknown>, ...words: string[]) {
  return startCurl(
    `${target().httpUrl}/chat`,
    ...['-H', `x-api-key: ${target().apiKey}`, '-H', 'content-type: application/json'],
    ...['-H', 'accept: application/json', '-d', JSON.stringify(body), ...words],
  ).finished;
}

describe('POST /chat that accepts JSON, with curl', () => {
  it('answers the finished message as GraphQL has it, on a repeat, too', async () => {
    const body = { text: '/tokens 80 200', conversationId: randomUUID(), clientMessageId: randomUUID() };
    const [first, attached] = await Promise.all([ask(body), ask(body)]);
    const again = await ask(body);
    const message = JSON.parse(first.body) as WireMessage;
    const stored = await storedMessage(target(), credential(), body.conversationId, message.id);

    expect(first).toMatchObject({ status: 200, exitCode: 0 });
    expect(first.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(first.headers.get('x-message-id')).toBe(message.id);
    expect(first.headers.get('x-conversation-id')).toBe(body.conversationId);
    expect(message).toMatchObject(JSON.parse(JSON.stringify(stored)) as object);
    expect(message.text).toBe(countedText(80));
    expectReceipt(message.end, message.text);
    for (const repeat of [attached, again]) expect(JSON.parse(repeat.body)).toEqual(message);
  });

  it('answers an answer that failed with its error', async () => {
    const body = { text: '/error 500', conversationId: randomUUID(), clientMessageId: randomUUID() };
    const answers = [await ask(body), await ask(body)];

    for (const answer of answers) {
      expect(answer.status).toBe(503);
      expect(JSON.parse(answer.body)).toMatchObject({
        error: { code: 'UPSTREAM_UNAVAILABLE', retryable: true },
      });
      expect(answer.headers.get('x-message-id')).toMatch(/-1$/);
    }
  });

  it('answers a cancelled one as it was left', async () => {
    const body = { text: '/tokens 2000 60', conversationId: randomUUID(), clientMessageId: randomUUID() };
    const asked = ask(body);
    const caller = callerOf(target(), credential());
    const listed = () =>
      caller.call('messages', { conversationId: body.conversationId }).catch(() => undefined);
    const answerOf = async () => (await listed())?.items.find(({ role }) => role === 'ASSISTANT');
    await expect.poll(async () => (await answerOf())?.status, { timeout: 20_000 }).toBe('STREAMING');
    const messageId = (await answerOf())?.id ?? '';
    await caller.call('cancel', { conversationId: body.conversationId, messageId });
    const message = JSON.parse((await asked).body) as WireMessage;

    expect(message).toMatchObject({ id: messageId, status: 'CANCELLED', end: { reason: 'CANCELLED' } });
    expectReceipt(message.end, message.text);
  });
});
