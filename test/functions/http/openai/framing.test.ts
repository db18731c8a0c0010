import { Stream } from 'openai/streaming';
import type { ChatCompletionChunk } from 'openai/resources/chat/completions';
import { describe, expect, it } from 'vitest';
import { ChunkWriter } from '../../../../functions/http/openai/chunk-writer.ts';
import { seededChat, sha256, streaming } from '../../chat-fixture.ts';

const message = { ...streaming(seededChat()), model: 'first' };
// Two, three and four bytes a character, a joined emoji, a combining mark, and what would end an event if it were not JSON.
const TEXTS = ['Grü', 'ße\n\n', '你好 ', '👩‍💻', 'e\u0301', '\r\ndata: x\n\n', '\u2028"\\'];

/** A whole answer on the wire. */
async function wire(): Promise<Uint8Array> {
  const writer = new ChunkWriter(() => 0, true);
  let length = 0;
  writer.start(message);
  for (const text of TEXTS) {
    writer.delta(message, { part: 'TEXT', offset: length, text });
    length += text.length;
  }
  const sha = sha256(TEXTS.join(''));
  const end = { reason: 'STOP' as const, length, sha256: sha, reasoningLength: 0, continuable: false };
  writer.end(message, { status: 'COMPLETE', end });
  return new Uint8Array(await new Response(writer.body).arrayBuffer());
}

/** What the SDK's own reader makes of a body that arrives in these pieces. */
async function chunksOf(...pieces: readonly Uint8Array[]): Promise<ChatCompletionChunk[]> {
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const piece of pieces) if (piece.length > 0) controller.enqueue(piece);
      controller.close();
    },
  });
  const stream = Stream.fromSSEResponse<ChatCompletionChunk>(new Response(body), new AbortController());
  const chunks: ChatCompletionChunk[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
}

describe('the OpenAI dialect in pieces', () => {
  it('gives the SDK the same chunks wherever the bytes are split, and one by one', async () => {
    const bytes = await wire();
    const whole = await chunksOf(bytes);

    expect(whole.map(({ choices }) => choices[0]?.delta.content ?? '').join('')).toBe(TEXTS.join(''));
    expect(whole).toHaveLength(TEXTS.length + 3);
    for (let at = 0; at <= bytes.length; at += 1)
      expect(await chunksOf(bytes.slice(0, at), bytes.slice(at)), `split at ${at}`).toEqual(whole);
    expect(await chunksOf(...Array.from(bytes, (byte) => Uint8Array.of(byte)))).toEqual(whole);
  });
});
