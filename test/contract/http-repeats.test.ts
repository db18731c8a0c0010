import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import type { Message } from '../../protocol/generated/schema-types.ts';
import { callerOf, modelRequests } from './api.ts';
import { SseReader } from './sse-reader.ts';
import { countedText, expectReceipt } from './streamed-answer.ts';
import { useLocalTarget } from './target.ts';

const target = useLocalTarget();
const TOKENS = 150;

it('200 concurrent repeats of one send, 100 on each door, ask the model once and all get the same answer', async () => {
  const input = {
    ...{ conversationId: randomUUID(), clientMessageId: randomUUID() },
    text: `/tokens ${TOKENS} 40`,
  };
  const caller = callerOf(target(), { apiKey: target().apiKey });
  const post = async () => {
    const answer = await fetch(`${target().httpUrl}/chat`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-api-key': target().apiKey },
      body: JSON.stringify(input),
    });
    expect(answer.status).toBe(200);
    const reader = new SseReader('', {});
    reader.take(await answer.text());
    return { id: answer.headers.get('x-message-id'), text: reader.text, end: reader.end };
  };
  const [http, graphql] = await Promise.all([
    Promise.all(Array.from({ length: 100 }, post)),
    Promise.all(Array.from({ length: 100 }, () => caller.call('send', { input }))),
  ]);
  const [first] = graphql;
  if (!first) throw new Error('No answer');
  const { id } = first.assistantMessage;

  expect(
    new Set([...http.map((answer) => answer.id), ...graphql.map((sent) => sent.assistantMessage.id)]),
  ).toEqual(new Set([id]));
  expect(new Set(graphql.map(({ userMessage }) => userMessage.id)).size).toBe(1);
  // The one that was first may have been either door's.
  expect(graphql.filter(({ deduplicated }) => !deduplicated).length).toBeLessThanOrEqual(1);
  expect(new Set(http.map(({ text }) => text))).toEqual(new Set([countedText(TOKENS)]));
  expect(new Set(http.map(({ end }) => JSON.stringify(end))).size).toBe(1);
  expectReceipt(http[0]?.end, countedText(TOKENS));
  expect(await caller.ended(first.assistantMessage)).toMatchObject({
    ...{ status: 'COMPLETE', attempt: 1, text: countedText(TOKENS) },
  });
  expect(await modelRequests(target(), input.text)).toHaveLength(1);
}, 120_000);

it('a text that holds half an emoji is stored as UTF-8 can hold it, and its repeat meets the same answer', async () => {
  const headers = {
    'content-type': 'application/json',
    accept: 'application/json',
    'x-api-key': target().apiKey,
  };
  const body = `{"text":"/echo half \\ud83d","clientMessageId":"${randomUUID()}"}`;
  const post = async () => {
    const answer = await fetch(`${target().httpUrl}/chat`, { method: 'POST', headers, body });
    expect(answer.status).toBe(200);
    return (await answer.json()) as Message;
  };
  const first = await post();
  const { items } = await callerOf(target(), { apiKey: target().apiKey }).call('messages', {
    conversationId: first.conversationId,
  });

  expect(items.map(({ text }) => text)).toEqual(['half \ufffd', '/echo half \ufffd']);
  expect(await post()).toEqual(first);
}, 60_000);
