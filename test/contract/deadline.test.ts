import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { LocalStackOptions } from '../../local/stack.ts';
import { DEADLINE_MARGIN_MS } from '../../protocol/limits.ts';
import { callerOf, modelRequests } from './api.ts';
import { recordedConversation } from './client-conversation.ts';
import { readSse, startCurl, type SseBatch } from './curl-request.ts';
import { openFeed } from './realtime-client.ts';
import { countedText, expectReceipt } from './streamed-answer.ts';
import { useLocalTarget, type LocalTarget } from './target.ts';

/** How long an attempt may write before it hands over. */
const ATTEMPT_MS = 2_000;

/** A stack whose `generate` reaches its deadline soon; the HTTP door keeps its time. */
function withShortAttempts(environment: Record<string, string> = {}): Partial<LocalStackOptions> {
  return {
    functionEnvironment: environment,
    edit: (model) => ({
      ...model,
      lambdas: model.lambdas.map((lambda) =>
        lambda.asyncConfig.onFailureArn ? { ...lambda, timeoutMs: DEADLINE_MARGIN_MS + ATTEMPT_MS } : lambda,
      ),
    }),
  };
}

const credentialOf = (target: LocalTarget) => ({ apiKey: target.apiKey });

/** The same send over the HTTP door: it attaches to the answer that runs. */
function attach(target: LocalTarget, body: Record<string, unknown>) {
  const headers = ['-H', `x-api-key: ${target.apiKey}`, '-H', 'content-type: application/json'];
  return startCurl(`${target.httpUrl}/chat`, ...headers, '-d', JSON.stringify(body));
}

/** What an SSE reader has at the end; fails at a hole or a repeat. */
function readThrough(events: readonly SseBatch[]): { text: string; attempts: number[] } {
  let text = '';
  const attempts: number[] = [];
  for (const { batch } of events) {
    if (batch.kind === 'START') {
      attempts.push(batch.attempt);
      // A follower that has not read all of the attempt before is given the rest next.
      expect(batch.resumeOffset).toBeGreaterThanOrEqual(text.length);
    }
    if (batch.kind !== 'DELTA') continue;
    expect(batch.offset).toBe(text.length);
    text += batch.text;
  }
  return { text, attempts };
}

describe('an answer that is longer than its invocations', { timeout: 120_000 }, () => {
  const target = useLocalTarget(withShortAttempts());

  it('runs through three hand-overs and reads as one text: client, subscription, HTTP follower, database', async () => {
    // At this rate four attempts are the least: none writes longer than its time.
    const tokens = 240;
    const text = `/tokens ${tokens} ${Math.floor((tokens * 1_000) / (ATTEMPT_MS * 3 + 1_000))}`;
    const whole = countedText(tokens);
    const { conversation, isPrefixOf } = recordedConversation(target());
    const feed = await openFeed(target(), credentialOf(target()), { conversationId: conversation.id });
    const clientMessageId = randomUUID();
    const { messageId, ended } = await conversation.send({ text, clientMessageId });
    const follower = attach(target(), { conversationId: conversation.id, clientMessageId, text });
    const message = await ended;

    expect(message).toMatchObject({ status: 'COMPLETE', text: whole });
    expect(message.attempt).toBeGreaterThanOrEqual(4);
    expect(isPrefixOf(messageId, whole)).toBe(true);
    expectReceipt(message.end, whole);

    await feed.end(messageId);
    const batches = feed.batches.items.filter(({ kind }) => kind !== 'HEARTBEAT');
    expect(batches.map((batch) => batch.text).join('')).toBe(whole);
    const starts = batches.filter(({ kind }) => kind === 'START');
    expect(starts.map(({ attempt }) => attempt)).toEqual(
      Array.from({ length: message.attempt }, (_, index) => index + 1),
    );
    expect(batches.filter(({ kind }) => kind === 'END')).toHaveLength(1);

    const events = readSse((await follower.finished).body);
    const followed = readThrough(events);
    expect(followed.text).toBe(whole);
    expect(followed.attempts).toEqual([...new Set(followed.attempts)].sort((a, b) => a - b));
    expect(events.at(-1)?.batch).toMatchObject({ kind: 'END', attempt: message.attempt });

    const caller = callerOf(target(), credentialOf(target()));
    const state = await caller.ended({ conversationId: conversation.id, id: messageId });
    expect(state).toMatchObject({ status: 'COMPLETE', text: whole, attempt: message.attempt });

    const requests = await modelRequests(target(), text);
    expect(requests.map(({ outcome }) => outcome)).toEqual([
      ...starts.slice(1).map(() => 'aborted'),
      'complete',
    ]);
    // Every attempt asks the model once, so the usage is of all of them.
    expect(message.end?.usage).toMatchObject({ source: 'ESTIMATED' });
    expect(message.end?.usage?.outputTokens).toBeGreaterThan(tokens / 2);
  });
});

describe('an answer that is longer than all its hand-overs', { timeout: 120_000 }, () => {
  const target = useLocalTarget(withShortAttempts({ MAX_HANDOVERS: '1' }));

  it('ends INTERRUPTED by DEADLINE, and each continueMessage takes it further until it is whole', async () => {
    const tokens = 250;
    const whole = countedText(tokens);
    const { conversation, isPrefixOf } = recordedConversation(target());
    const sent = await conversation.send({ text: `/tokens ${tokens} 40` });
    const { messageId } = sent;
    let message = await sent.ended;

    expect(message).toMatchObject({
      status: 'INTERRUPTED',
      attempt: 2,
      end: { reason: 'DEADLINE', continuable: true, error: { code: 'DEADLINE', retryable: false } },
    });
    expect(message.text.length).toBeGreaterThan(0);
    expect(message.text.length).toBeLessThan(whole.length);
    for (let times = 0; message.status === 'INTERRUPTED' && times < 10; times += 1) {
      expectReceipt(message.end, message.text);
      const before = message;
      message = await (await conversation.continue(messageId)).ended;
      expect(message.attempt).toBeGreaterThan(before.attempt);
      expect(message.text.startsWith(before.text)).toBe(true);
    }

    expect(message).toMatchObject({ status: 'COMPLETE', text: whole });
    expectReceipt(message.end, whole);
    expect(isPrefixOf(messageId, whole)).toBe(true);
  });
});
