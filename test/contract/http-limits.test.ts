import { randomUUID } from 'node:crypto';
import { describe, expect, it, onTestFinished } from 'vitest';
import { callerOf } from './api.ts';
import { startCurl } from './curl-request.ts';
import { editedAssembly, resourcesOf } from './edited-assembly.ts';
import type { WireMessage } from './graphql.ts';
import { SseReader, type ReadingEnd } from './sse-reader.ts';
import { countedText, expectReceipt } from './streamed-answer.ts';
import { startTarget } from './target.ts';

/** A worker hands over 8 s before its limit, the door closes its body 10 s before its own: both after three seconds here. */
const WORKER_SECONDS = 11;
const DOOR_SECONDS = 13;
/** Seven seconds at 50 a second: three workers and three bodies at the least. */
const TOKENS = 350;

/** A stack of the test's own with these limits. */
async function startShortStack() {
  const cdkOut = editedAssembly((resources) => {
    for (const [id, { Properties }] of resourcesOf(resources, 'AWS::Lambda::Function')) {
      if (id.includes('Generate')) Properties.Timeout = WORKER_SECONDS;
      if (id.includes('Http')) Properties.Timeout = DOOR_SECONDS;
    }
  });
  const target = await startTarget({ cdkOut });
  onTestFinished(() => target.stack.close());
  return { target, caller: callerOf(target, { apiKey: target.apiKey }) };
}

describe('an answer that outlives its worker and the streams of the HTTP door', () => {
  it('reads as one text through hand-overs and bodies that close at the door’s limit', async () => {
    const { target, caller } = await startShortStack();
    const { assistantMessage } = await caller.send(`/tokens ${TOKENS} 50`);
    const { conversationId, id } = assistantMessage;
    const url = `${target.httpUrl}/conversations/${conversationId}/messages/${id}/events`;
    const reader = new SseReader(url, { 'x-api-key': target.apiKey });
    const endings: ReadingEnd[] = [];
    while (endings.at(-1) !== 'end' && endings.length < 30) endings.push(await reader.read());

    expect(endings.filter((ending) => ending === 'eof').length).toBeGreaterThanOrEqual(2);
    expect(reader).toMatchObject({ status: 'COMPLETE', text: countedText(TOKENS) });
    expectReceipt(reader.end, countedText(TOKENS));
    expect(reader.attempts.length).toBeGreaterThanOrEqual(3);
    expect(await caller.ended(assistantMessage)).toMatchObject({ text: countedText(TOKENS) });
  });

  it('is DEADLINE for a reader that waits for all of it, until a repeat finds it finished', async () => {
    const { target } = await startShortStack();
    const body = {
      text: `/tokens ${TOKENS} 50`,
      conversationId: randomUUID(),
      clientMessageId: randomUUID(),
    };
    const ask = () =>
      startCurl(
        `${target.httpUrl}/chat`,
        ...['-H', `x-api-key: ${target.apiKey}`, '-H', 'content-type: application/json'],
        ...['-H', 'accept: application/json', '-d', JSON.stringify(body)],
      ).finished;
    const answers = [await ask()];
    while (answers.at(-1)?.status === 504 && answers.length < 30) answers.push(await ask());

    expect(answers.length).toBeGreaterThanOrEqual(3);
    for (const answer of answers.slice(0, -1)) {
      const { error } = JSON.parse(answer.body) as { error: object };
      expect(error).toMatchObject({ code: 'DEADLINE', retryable: false });
    }
    expect(new Set(answers.map(({ headers }) => headers.get('x-message-id'))).size).toBe(1);
    expect(answers.at(-1)?.status).toBe(200);
    const message = JSON.parse(answers.at(-1)?.body ?? '') as WireMessage;
    expect(message).toMatchObject({ status: 'COMPLETE', text: countedText(TOKENS) });
    expectReceipt(message.end, message.text);
    expect(message.attempt).toBeGreaterThanOrEqual(2);
  });
});
