import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeResponse } from '../../../functions/http/lambda-response.ts';
import { awslambda as runtime, ResponseStream } from '../../../local/lambda/response-stream.ts';
import type { FromWorker } from '../../../local/lambda/messages.ts';

beforeAll(() => {
  Object.assign(globalThis, { awslambda: runtime });
});
afterAll(() => {
  Reflect.deleteProperty(globalThis, 'awslambda');
});

/** What the runtime sent: the metadata, and each piece of the body. */
async function written(response: Response) {
  const messages: FromWorker[] = [];
  const stream = new ResponseStream((message) => messages.push(message));
  await writeResponse(response, stream);
  const head = messages.find((message) => message.kind === 'head');
  const pieces = messages.flatMap((message) =>
    message.kind === 'chunk' ? [Buffer.from(message.data as Uint8Array).toString()] : [],
  );
  return {
    messages,
    contentType: head?.contentType,
    metadata: JSON.parse(head?.prelude ?? 'null') as Record<string, unknown>,
    pieces: pieces.filter((piece) => piece !== ''),
  };
}

describe('writeResponse', () => {
  it('sends status and headers as metadata, before the body and apart from it', async () => {
    const answer = await written(new Response('{}', { status: 404, headers: { 'X-Request-Id': 'r1' } }));

    expect(answer.messages[0]).toMatchObject({
      kind: 'head',
      contentType: 'application/vnd.awslambda.http-integration-response',
    });
    expect(answer.metadata).toEqual({
      statusCode: 404,
      headers: { 'content-type': 'text/plain;charset=UTF-8', 'x-request-id': 'r1' },
      cookies: [],
    });
    expect(answer.pieces).toEqual(['{}']);
    expect(answer.messages.at(-1)).toEqual({ kind: 'bodyEnd' });
  });

  it('sends the metadata of an answer without body, too', async () => {
    const answer = await written(new Response(null, { status: 204 }));

    expect(answer.metadata).toMatchObject({ statusCode: 204 });
    expect(answer.pieces).toEqual([]);
    expect(answer.messages.at(-1)).toEqual({ kind: 'bodyEnd' });
  });

  it('sends the metadata before the body has begun, and each piece as it comes', async () => {
    const messages: FromWorker[] = [];
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const writer = writable.getWriter();
    const whole = writeResponse(
      new Response(readable),
      new ResponseStream((message) => messages.push(message)),
    );
    expect(messages[0]?.kind).toBe('head');
    for (const piece of ['id: 1\n', '\n']) {
      await writer.write(new TextEncoder().encode(piece));
      await expect
        .poll(() => messages.flatMap((message) => (message.kind === 'chunk' ? [message] : [])).at(-1))
        .toMatchObject({ data: new TextEncoder().encode(piece) });
    }
    await writer.close();
    await whole;

    expect(messages.at(-1)).toEqual({ kind: 'bodyEnd' });
  });

  it('keeps cookies apart, each whole', async () => {
    const headers = new Headers();
    headers.append('set-cookie', 'a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT');
    headers.append('set-cookie', 'b=2');
    const { metadata } = await written(new Response('', { headers }));

    expect(metadata).toMatchObject({
      headers: {},
      cookies: ['a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT', 'b=2'],
    });
  });

  it('fails when the body does', async () => {
    const broken = new ReadableStream({ start: (controller) => controller.error(new Error('broken')) });

    await expect(written(new Response(broken))).rejects.toThrow('broken');
  });
});
