import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../local/faults/random.ts';
import { callerOf } from './api.ts';
import { CurlReader, startWithCurl, type AnswerName } from './curl-reader.ts';
import { openFeed } from './realtime-client.ts';
import { countedText, expectGapless, expectIdentical } from './streamed-answer.ts';
import { useLocalTarget } from './target.ts';

const SEED = Number(process.env.CUT_SEED ?? Math.floor(Math.random() * 2 ** 31));
/** Longer than anybody takes for ten cuts on a busy machine; the rest is cancelled. */
const LONG = '/tokens 2400 60';
const CUTS = 10;

const target = useLocalTarget();
const credential = () => ({ apiKey: target().apiKey });
const caller = () => callerOf(target(), credential());

/** Cuts the reader at ten points, then cancels the answer and reads its end. */
async function readWithCuts(reader: CurlReader, message: AnswerName): Promise<void> {
  const random = seededRandom(SEED);
  for (let cuts = 0; cuts < CUTS; cuts += 1) await reader.readAndCut(1 + Math.floor(random() * 90));
  expect(reader.received.end).toBeNull();
  await caller().call('cancel', message);
  await reader.readToEnd();
}

/** The text on both doors and in the database, byte for byte and by its digest. */
async function expectOneText({ received }: CurlReader, watched: string, message: AnswerName): Promise<void> {
  const stored = await caller().ended({ conversationId: message.conversationId, id: message.messageId });
  expectIdentical(stored, { received: received.text, watched });
  expect(countedText(2_400).startsWith(stored.text)).toBe(true);
  expect(stored.text.length).toBeGreaterThan(50);
  expect(received.end).toMatchObject({ length: stored.text.length, sha256: stored.end?.sha256 });
  expect(received.attempts).toEqual([1]);
}

describe(`one answer on both doors, its HTTP reader cut at ten random points (CUT_SEED=${SEED})`, () => {
  it('is the identical text for a subscriber when curl started it', async () => {
    const conversationId = randomUUID();
    const feed = await openFeed(target(), credential(), { conversationId });
    // The first cut is of the very connection whose invocation generates the answer.
    const { message, reader } = await startWithCurl(target(), { text: LONG, conversationId });
    await readWithCuts(reader, message);
    await feed.end(message.messageId);

    await expectOneText(reader, expectGapless(feed.batches.items), message);
  });

  it('is the identical text for curl when a mutation started it', async () => {
    const conversationId = randomUUID();
    const feed = await openFeed(target(), credential(), { conversationId });
    const { assistantMessage } = await caller().send(LONG, { conversationId, pacing: 'LIVE' });
    const message = { conversationId, messageId: assistantMessage.id };
    const reader = new CurlReader(target(), message);
    await readWithCuts(reader, message);
    await feed.end(message.messageId);

    await expectOneText(reader, expectGapless(feed.batches.items), message);
  });
});
