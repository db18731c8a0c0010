import { describe, expect, it } from 'vitest';
import { UiWriter } from '../../../../functions/http/ui/ui-writer.ts';
import { SDKS, sdkChunks } from '../../../ai-sdk.ts';
import { seededChat, sha256, streaming } from '../../chat-fixture.ts';

const message = streaming(seededChat());
const TEXT = 'e\u0301 👩‍👩‍👧 häß\n\n: ok\ndata: [DONE]\r\n';

/** A whole answer with text that looks like framing once it is not JSON. */
async function wholeBody(): Promise<Uint8Array> {
  const writer = new UiWriter(() => 0, 'r1');
  writer.start(message);
  writer.delta(message, { part: 'REASONING', offset: 0, text: '🤔' });
  writer.delta(message, { part: 'TEXT', offset: 0, text: TEXT });
  writer.end(message, {
    status: 'COMPLETE',
    end: {
      reason: 'STOP',
      length: TEXT.length,
      sha256: sha256(TEXT),
      reasoningLength: 2,
      continuable: false,
    },
  });
  return new Uint8Array(await new Response(writer.body).arrayBuffer());
}

const streamOf = (pieces: readonly Uint8Array[]) =>
  new ReadableStream<Uint8Array>({
    start: (controller) => {
      for (const piece of pieces) controller.enqueue(piece);
      controller.close();
    },
  });

describe('a body of the AI SDK dialect', () => {
  it.each(SDKS)('is the same chunks to AI SDK %s wherever it is cut', async (_version, sdk) => {
    const body = await wholeBody();
    const whole = await sdkChunks(sdk, streamOf([body]));
    expect(whole.error).toBeUndefined();
    expect(whole.chunks.map(({ delta }) => delta ?? '').join('')).toBe(`🤔${TEXT}`);

    for (let at = 1; at < body.length; at += 1) {
      const pieces = [body.subarray(0, at), body.subarray(at)];
      expect(await sdkChunks(sdk, streamOf(pieces)), `cut at byte ${at}`).toEqual(whole);
    }
    const bytes = Array.from(body, (_, at) => body.subarray(at, at + 1));
    expect(await sdkChunks(sdk, streamOf(bytes))).toEqual(whole);
  });
});
