import { describe, expect, it } from 'vitest';

import { DELIMITER, PreludeReader } from '../../../local/api-gateway/prelude-reader.ts';

const METADATA = '{"statusCode":201,"headers":{"x-a":"ä","x-n":1},"cookies":["a=1"]}';
const PRELUDE = {
  statusCode: 201,
  headers: { 'x-a': 'ä', 'x-n': '1' },
  multiValueHeaders: {},
  cookies: ['a=1'],
};

const stream = (metadata: string, body: string) =>
  Buffer.concat([Buffer.from(metadata), DELIMITER, Buffer.from(body)]);

/** Reads the pieces and joins what is body. */
function bodyOf(reader: PreludeReader, pieces: readonly Buffer[]): string {
  return Buffer.concat(pieces.map((piece) => reader.read(piece))).toString();
}

describe('PreludeReader', () => {
  it('splits metadata from body wherever the stream is cut', () => {
    const body = 'data: \u0000\u0000 ä😀\n\n';
    const whole = stream(METADATA, body);
    for (let at = 0; at <= whole.length; at += 1) {
      const reader = new PreludeReader();
      const read = bodyOf(reader, [whole.subarray(0, at), whole.subarray(at)]);
      expect([read, reader.prelude], `cut at ${at}`).toEqual([body, PRELUDE]);
    }
    const bytes = Array.from(whole, (_, at) => whole.subarray(at, at + 1));
    expect(bodyOf(new PreludeReader(), bytes)).toBe(body);
  });

  it('knows the metadata as soon as the delimiter is whole', () => {
    const reader = new PreludeReader();
    reader.read(Buffer.concat([Buffer.from(METADATA), DELIMITER.subarray(0, 7)]));
    expect(reader.prelude).toBeUndefined();
    expect(reader.read(DELIMITER.subarray(0, 1))).toHaveLength(0);
    expect(reader.prelude).toEqual(PRELUDE);
  });

  it('fills in what the metadata leaves out', () => {
    const reader = new PreludeReader();
    reader.read(stream('{"multiValueHeaders":{"vary":["a","b"]}}', ''));
    expect(reader.prelude).toEqual({
      statusCode: 200,
      headers: {},
      multiValueHeaders: { vary: ['a', 'b'] },
      cookies: [],
    });
  });

  it('refuses a stream without delimiter in its first 16 KB', () => {
    const padded = (bytes: number) => `{"a":"${'x'.repeat(bytes - 8)}"}`;
    expect(() => new PreludeReader().read(stream(padded(16 * 1024 - 8), 'body'))).not.toThrow();
    expect(() => new PreludeReader().read(stream(padded(16 * 1024 - 7), 'body'))).toThrow('16 KB');
    expect(() => new PreludeReader().read(Buffer.alloc(16 * 1024, 'x'))).toThrow('16 KB');
  });

  it.each(['', 'text', 'null', '{"statusCode":"200"}', '{"statusCode":100}', '{"headers":{"a":{}}}'])(
    'refuses %j as metadata',
    (metadata) => {
      expect(() => new PreludeReader().read(stream(metadata, 'body'))).toThrow();
    },
  );
});
