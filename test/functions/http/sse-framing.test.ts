import { createParser, type EventSourceMessage } from 'eventsource-parser';
import parser from 'eventsource-parser/package.json' with { type: 'json' };
import { describe, expect, it } from 'vitest';
import { SseWriter } from '../../../functions/http/answer-writer.ts';
import { seededRandom } from '../../../local/faults/random.ts';
import { ended, running } from './one-answer.ts';

/** What a framing mistake would tear: emoji of several code points, combining marks, line ends and SSE's own words. */
const DELTAS = [
  '👩‍👩‍👧‍👦🏳️‍🌈 ',
  'Z̸̢͠a̶l̷gȯ é ',
  'one\n\ntwo\r\n\r\nthree\rfour ',
  'data: x\n\nid: 1\nevent: batch\n: hb\n\n',
  '\u2028\u2029\u0085\u0000\ufeff ',
  '"\\n" {"kind":"END"} 𝄞',
];
const TEXT = DELTAS.join('');
process.stdout.write(`eventsource-parser ${parser.version}\n`);

/** What the door writes of one answer, one entry for each write. */
async function writes(): Promise<Uint8Array[]> {
  const writer = new SseWriter(() => Date.UTC(2030, 0, 1));
  writer.start(running);
  let offset = 0;
  for (const text of DELTAS) {
    writer.delta(running, { part: 'TEXT', offset, text });
    offset += text.length;
  }
  const { status, end } = ended(TEXT);
  if (end) writer.end(running, { status, end });
  const chunks: Uint8Array[] = [];
  for await (const chunk of writer.body) chunks.push(chunk);
  return chunks;
}

/** The events of a body that arrives in these chunks, decoded as a stream. */
function eventsOf(chunks: readonly Uint8Array[]): EventSourceMessage[] {
  const events: EventSourceMessage[] = [];
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const parser = createParser({
    onEvent: (event) => events.push(event),
    onError: (error) => {
      throw error;
    },
  });
  for (const chunk of chunks) parser.feed(decoder.decode(chunk, { stream: true }));
  parser.feed(decoder.decode());
  return events;
}

function bytesOf(chunks: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(chunks));
}

describe('the bytes of an SSE answer', () => {
  it('have one event for each write, its data in one line, and the exact text', async () => {
    const chunks = await writes();
    const events = eventsOf(chunks);
    const batches = events.map(({ data }) => JSON.parse(data) as { kind: string; text: string });

    expect(events).toHaveLength(chunks.length - 1);
    expect(batches.map(({ kind }) => kind)).toEqual(['START', ...DELTAS.map(() => 'DELTA'), 'END']);
    expect(batches.map(({ text }) => text).join('')).toBe(TEXT);
    expect(new Set(events.map(({ event }) => event))).toEqual(new Set(['batch']));
    expect(Buffer.concat(chunks).includes('\r')).toBe(false);
  });

  it('give the same events when they are cut in two at any byte', async () => {
    const bytes = bytesOf(await writes());
    const whole = eventsOf([bytes]);
    for (let at = 0; at <= bytes.length; at += 1)
      expect(eventsOf([bytes.subarray(0, at), bytes.subarray(at)]), `cut at ${at}`).toEqual(whole);
  });

  it('give the same events byte by byte', async () => {
    const chunks = await writes();
    const bytes = bytesOf(chunks);

    expect(eventsOf(Array.from(bytes, (byte) => Uint8Array.of(byte)))).toEqual(eventsOf(chunks));
  });

  it('give the same events when any neighbours are merged, as Lambda may do', async () => {
    const chunks = await writes();
    const whole = eventsOf(chunks);
    for (let mask = 0; mask < 2 ** (chunks.length - 1); mask += 1) {
      const merged: Uint8Array[][] = [[]];
      chunks.forEach((chunk, index) => {
        merged.at(-1)?.push(chunk);
        if ((mask >> index) % 2 === 1) merged.push([]);
      });
      expect(eventsOf(merged.map(bytesOf)), `merged by ${mask}`).toEqual(whole);
    }
  });

  it('give the same events in random chunks that follow no boundary of ours', async () => {
    const seed = Date.now() % 2 ** 31;
    const random = seededRandom(seed);
    const bytes = bytesOf(await writes());
    const whole = eventsOf([bytes]);
    for (let round = 0; round < 200; round += 1) {
      const chunks: Uint8Array[] = [];
      for (let at = 0; at < bytes.length;) {
        const next = at + 1 + Math.floor(random() * 2 ** Math.floor(random() * 11));
        chunks.push(bytes.subarray(at, next));
        at = next;
      }
      expect(eventsOf(chunks), `seed ${seed}, round ${round}`).toEqual(whole);
    }
  });
});
