import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../local/faults/random.ts';
import { callerOf } from './api.ts';
import { startCurl } from './curl-request.ts';
import { openFeed } from './realtime-client.ts';
import { SseReader } from './sse-reader.ts';
import { countedText, expectGapless, expectReceipt } from './streamed-answer.ts';
import { useLocalTarget } from './target.ts';

const target = useLocalTarget();
const credential = () => ({ apiKey: target().apiKey });
const caller = () => callerOf(target(), credential());
const KEY = () => ['-H', `x-api-key: ${target().apiKey}`];
/** Longer than anybody takes for ten cuts on a busy machine; the rest is cancelled. */
const LONG = '/tokens 2400 60';
const CUTS = 10;

interface Message {
  readonly conversationId: string;
  readonly messageId: string;
}

const readerOf = ({ conversationId, messageId }: Message) =>
  new SseReader(`${target().httpUrl}/conversations/${conversationId}/messages/${messageId}/events`, {
    'x-api-key': target().apiKey,
  });

/** Reads with curl until it has so many units more, then cuts the connection by ending curl. */
async function readAndCut(reader: SseReader, message: Message, units: number): Promise<void> {
  const { conversationId, messageId } = message;
  const cursor = reader.cursor === '' ? [] : ['-H', `last-event-id: ${reader.cursor}`];
  const url = `${target().httpUrl}/conversations/${conversationId}/messages/${messageId}/events`;
  const request = startCurl(url, ...KEY(), ...cursor);
  await request.received.when((reads) => textIn(reads.join('')) >= units, `${units} units`);
  request.cut();
  reader.take((await request.finished).body);
}

/** Units of text in the whole events of what was received. */
function textIn(received: string): number {
  const lines = received.split('\n\n').slice(0, -1).join('\n').split('\n');
  return lines
    .filter((line) => line.startsWith('data: '))
    .reduce((sum, line) => sum + (JSON.parse(line.slice(6)) as { text: string }).text.length, 0);
}

describe('one answer on both doors, its HTTP reader cut at ten random points', () => {
  it('is the identical text for a subscriber when curl started it', async () => {
    const seed = Date.now() % 2 ** 31;
    const random = seededRandom(seed);
    const conversationId = randomUUID();
    const feed = await openFeed(target(), credential(), { conversationId });
    const body = JSON.stringify({ text: LONG, conversationId });
    const start = startCurl(
      `${target().httpUrl}/chat`,
      ...KEY(),
      ...['-H', 'content-type: application/json', '-d', body],
    );
    await start.received.when((reads) => textIn(reads.join('')) > 50, 'fifty units');
    const messageId = /x-message-id: (\S+)/i.exec(start.received.items.join(''))?.[1] ?? '';
    const message = { conversationId, messageId };
    // The first cut: of the very connection whose invocation generates the answer.
    start.cut();
    const reader = readerOf(message);
    reader.take((await start.finished).body);
    for (let cuts = 1; cuts < CUTS; cuts += 1)
      await readAndCut(reader, message, 1 + Math.floor(random() * 90));
    expect(reader.end, `seed ${seed}`).toBeNull();
    await caller().call('cancel', message);
    await reader.readToEnd();
    await feed.end(messageId);

    await expectIdentical(reader, expectGapless(feed.batches.items), message, seed);
  });

  it('is the identical text for curl when a mutation started it', async () => {
    const seed = Date.now() % 2 ** 31;
    const random = seededRandom(seed);
    const conversationId = randomUUID();
    const feed = await openFeed(target(), credential(), { conversationId });
    const { assistantMessage } = await caller().send(LONG, { conversationId, pacing: 'LIVE' });
    const message = { conversationId, messageId: assistantMessage.id };
    const reader = readerOf(message);
    for (let cuts = 0; cuts < CUTS; cuts += 1)
      await readAndCut(reader, message, 1 + Math.floor(random() * 90));
    expect(reader.end, `seed ${seed}`).toBeNull();
    await caller().call('cancel', message);
    await reader.readToEnd();
    await feed.end(message.messageId);

    await expectIdentical(reader, expectGapless(feed.batches.items), message, seed);
  });
});

/** The text on both doors and in the database, byte for byte and by its digest. */
async function expectIdentical(
  reader: SseReader,
  watched: string,
  message: Message,
  seed: number,
): Promise<void> {
  const stored = await caller().ended({ conversationId: message.conversationId, id: message.messageId });
  const bytes = [reader.text, watched, stored.text].map((text) => Buffer.from(text, 'utf8'));
  for (const text of bytes) expect(text.equals(bytes[0] ?? Buffer.alloc(0)), `seed ${seed}`).toBe(true);
  expect(countedText(2_400).startsWith(reader.text)).toBe(true);
  expect(reader.text.length).toBeGreaterThan(50);
  expectReceipt(reader.end, reader.text);
  expect(reader.end?.sha256).toBe(stored.end?.sha256);
  expect(reader.attempts).toEqual([1]);
}
