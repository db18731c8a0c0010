import { randomUUID } from 'node:crypto';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { TokenBatch } from '../../protocol/generated/schema-types.ts';
import { LEASE_MS } from '../../protocol/limits.ts';
import { startCurl } from './curl-request.ts';
import { DOCUMENTS, graphql, type WireMessage } from './graphql.ts';
import { killWorker } from './killed-worker.ts';
import { openFeed } from './realtime-client.ts';
import { countedText, expectReceipt, sendText, storedMessage } from './streamed-answer.ts';
import { useLocalTarget } from './target.ts';

const TOKENS = 300;

const target = useLocalTarget();
const credential = () => ({ apiKey: target().apiKey });

/** The text a subscriber of an undisturbed feed has seen of one attempt. */
function seenText(batches: readonly TokenBatch[]): string {
  return batches.map(({ text }) => text).join('');
}

const deltas = (batches: readonly TokenBatch[]) => batches.filter(({ kind }) => kind === 'DELTA');

describe('a worker that is killed mid-answer', () => {
  it('ends LOST by the on-failure path within 2 s, keeps all that was seen, and is continued to the exact text', async () => {
    const conversationId = randomUUID();
    const feed = await openFeed(target(), credential(), { conversationId });
    const { assistantMessage } = await sendText(
      target(),
      credential(),
      `/tokens ${TOKENS} 100`,
      conversationId,
    );
    await feed.batches.when((batches) => deltas(batches).length >= 5, 'five batches');

    const killedAt = performance.now();
    expect(await killWorker(target(), assistantMessage.id)).toBe(1);
    const end = await feed.end(assistantMessage.id);
    const endedAfterMs = performance.now() - killedAt;

    expect(endedAfterMs).toBeLessThan(2_000);
    expect(end).toMatchObject({
      status: 'INTERRUPTED',
      end: { reason: 'LOST', continuable: true, error: { code: 'LOST' } },
    });
    const stored = await storedMessage(target(), credential(), conversationId, assistantMessage.id);
    const seen = seenText(feed.batches.items);
    expect(seen.length).toBeGreaterThan(0);
    expect(stored.text.startsWith(seen)).toBe(true);
    expect(countedText(TOKENS).startsWith(stored.text)).toBe(true);
    expectReceipt(stored.end, stored.text);
    expectReceipt(end.end, stored.text);

    const continued = await graphql<{ continueMessage: WireMessage }>(
      target(),
      credential(),
      DOCUMENTS.continue,
      {
        conversationId,
        messageId: assistantMessage.id,
      },
    );
    expect(continued.errors).toBeUndefined();
    expect(continued.data.continueMessage).toMatchObject({
      status: 'PENDING',
      attempt: 2,
      end: null,
      text: stored.text,
    });
    const last = await feed.batches.first(
      ({ kind, attempt }) => kind === 'END' && attempt === 2,
      'END of attempt 2',
      30_000,
    );

    expect(last.status).toBe('COMPLETE');
    const second = feed.batches.items.filter(({ attempt, kind }) => attempt === 2 && kind !== 'HEARTBEAT');
    expect(second[0]).toMatchObject({ kind: 'START', seq: 0, resumeOffset: stored.text.length });
    expect(stored.text + seenText(second)).toBe(countedText(TOKENS));
    const whole = await storedMessage(target(), credential(), conversationId, assistantMessage.id);
    expect(whole).toMatchObject({ status: 'COMPLETE', attempt: 2, text: countedText(TOKENS) });
    expectReceipt(whole.end, countedText(TOKENS));
  });

  it('publishes nothing afterwards', async () => {
    const conversationId = randomUUID();
    const feed = await openFeed(target(), credential(), { conversationId });
    const { assistantMessage } = await sendText(
      target(),
      credential(),
      `/tokens ${TOKENS} 100`,
      conversationId,
    );
    await feed.batches.when((batches) => deltas(batches).length >= 2, 'two batches');
    await killWorker(target(), assistantMessage.id);
    const end = await feed.end(assistantMessage.id);

    // The next answer of the same conversation passes the same way: what the dead worker still sent would come before it.
    const next = await sendText(target(), credential(), '/echo after', conversationId);
    await feed.end(next.assistantMessage.id);
    const late = feed.batches.items.slice(feed.batches.items.indexOf(end) + 1);
    expect(late.filter(({ messageId }) => messageId === assistantMessage.id)).toEqual([]);
  });

  it('is found by a reader after its lease when the HTTP door ran it, and is continued to the exact text', async () => {
    const conversationId = randomUUID();
    const feed = await openFeed(target(), credential(), { conversationId });
    const request = startCurl(
      `${target().httpUrl}/chat`,
      ...['-H', `x-api-key: ${target().apiKey}`, '-H', 'content-type: application/json'],
      ...['-d', JSON.stringify({ text: `/tokens ${TOKENS} 100`, conversationId })],
    );
    await feed.batches.when((batches) => deltas(batches).length >= 5, 'five batches');
    const messageId = feed.batches.items[0]?.messageId ?? '';

    const killedAt = performance.now();
    expect(await killWorker(target(), messageId)).toBe(1);
    // An ended process has no way to say END: curl sees the connection break.
    const cut = await request.finished;
    expect(cut.exitCode).not.toBe(0);
    expect(cut.body).not.toContain('"END"');

    // No destination reports a synchronous invocation. The lease has at most 15 s to run, and is suspect 3 s later.
    const ids = { conversationId, messageId };
    const end = feed.batches.first(({ kind }) => kind === 'END', 'END', 25_000);
    const asking = setInterval(() => void graphql(target(), credential(), DOCUMENTS.state, ids), 500);
    onTestFinished(() => clearInterval(asking));
    const settled = await end;
    clearInterval(asking);

    expect(performance.now() - killedAt).toBeLessThan(LEASE_MS + 6_000);
    expect(settled).toMatchObject({ status: 'INTERRUPTED', end: { reason: 'LOST', continuable: true } });
    const stored = await storedMessage(target(), credential(), conversationId, messageId);
    expect(stored.text.startsWith(seenText(feed.batches.items))).toBe(true);
    expect(countedText(TOKENS).startsWith(stored.text)).toBe(true);
    expectReceipt(stored.end, stored.text);

    await graphql(target(), credential(), DOCUMENTS.continue, ids);
    await feed.batches.first(({ kind, attempt }) => kind === 'END' && attempt === 2, 'END of attempt 2');
    const whole = await storedMessage(target(), credential(), conversationId, messageId);
    expect(whole).toMatchObject({ status: 'COMPLETE', attempt: 2, text: countedText(TOKENS) });
    expectReceipt(whole.end, countedText(TOKENS));
  });

  it('answers with nothing killed for a message nobody generates', async () => {
    expect(await killWorker(target(), randomUUID())).toBe(0);
  });
});
