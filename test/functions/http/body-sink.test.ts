import { describe, expect, it } from 'vitest';
import { BodySink } from '../../../functions/http/body-sink.ts';

const textOf = (body: ReadableStream<Uint8Array>) => new Response(body).text();

describe('BodySink', () => {
  it('gives what was written, then ends', async () => {
    const sink = new BodySink();
    sink.write('Grüße ');
    sink.write('😀');
    sink.close();
    sink.write('late');

    expect(await textOf(sink.body)).toBe('Grüße 😀');
    expect(sink.isOpen).toBe(false);
  });

  it('closes instead of holding more than 1 MB for a slow reader, without a hole in what it holds', async () => {
    const sink = new BodySink();
    const piece = 'x'.repeat(1_024);
    let pieces = 0;
    while (sink.isOpen && pieces < 2_000) {
      sink.write(piece);
      pieces += 1;
    }

    expect(pieces).toBe(1_025);
    expect((await textOf(sink.body)).length).toBe(1_048_576);
  });

  it('has room for a last text in a body that is full', async () => {
    const sink = new BodySink(10);
    sink.write('more than ten bytes');
    sink.endWith(', then why it ends');
    sink.endWith('late');

    expect(await textOf(sink.body)).toBe('more than ten bytes, then why it ends');
  });

  it('goes on for a reader that keeps up', async () => {
    const sink = new BodySink(1_000);
    const reader = sink.body.getReader();
    for (let piece = 0; piece < 50; piece += 1) {
      sink.write('x'.repeat(500));
      expect((await reader.read()).value).toHaveLength(500);
    }
    expect(sink.isOpen).toBe(true);
  });

  it('says when there is room, for whoever can wait: each waiting write loses nothing', async () => {
    const sink = new BodySink(1_000);
    const reading = textOf(sink.body);
    for (let piece = 0; piece < 50; piece += 1) {
      await sink.room();
      sink.write('x'.repeat(700));
    }
    expect(sink.isOpen).toBe(true);
    sink.close();

    expect(await reading).toHaveLength(35_000);
  });

  it.each([
    ['is closed', (sink: BodySink) => sink.close()],
    ['has no reader any more', (sink: BodySink) => void sink.body.cancel()],
  ])('lets nobody wait for room in a body that %s', async (_name, end) => {
    const sink = new BodySink(10);
    sink.write('more than ten bytes');
    let hasRoom = false;
    const waiting = sink.room().then(() => (hasRoom = true));
    await new Promise((resolve) => setImmediate(resolve));
    expect(hasRoom).toBe(false);
    end(sink);
    await waiting;
  });

  it('stays quiet when the reader has left, and when it is closed twice', async () => {
    const sink = new BodySink();
    await sink.body.cancel();
    expect(sink.isOpen).toBe(false);
    sink.write('x');
    sink.close();
    sink.close();
  });
});
