import * as v from 'valibot';

/** The metadata of a streamed response. */
export interface Prelude {
  statusCode: number;
  headers: Record<string, string>;
  multiValueHeaders: Record<string, string[]>;
  cookies: string[];
}

/** Ends the metadata. */
export const DELIMITER = Buffer.alloc(8);
/** The delimiter must lie within. */
const MAX_PRELUDE_BYTES = 16 * 1024;

const text = v.pipe(v.union([v.string(), v.number(), v.boolean()]), v.transform(String));

const SCHEMA = v.object({
  statusCode: v.optional(v.pipe(v.number(), v.integer(), v.minValue(200), v.maxValue(599)), 200),
  headers: v.optional(v.record(v.string(), text), {}),
  multiValueHeaders: v.optional(v.record(v.string(), v.array(text)), {}),
  cookies: v.optional(v.array(v.string()), []),
});

/**
 * Splits what a function streams into metadata and body, wherever the pieces are cut: JSON, eight NUL bytes, then the raw body. `read` gives
 * the part of a piece that is body. It throws for a stream whose first 16 KB hold no delimiter, or no such metadata before it.
 */
export class PreludeReader {
  /** Known once the delimiter was read. */
  prelude: Prelude | undefined;
  #held = Buffer.alloc(0);

  read(piece: Uint8Array): Uint8Array {
    if (this.prelude) return piece;
    this.#held = Buffer.concat([this.#held, piece]);
    const end = this.#held.indexOf(DELIMITER);
    if (end < 0 ? this.#held.length >= MAX_PRELUDE_BYTES : end + DELIMITER.length > MAX_PRELUDE_BYTES)
      throw new Error('No delimiter within the first 16 KB of the stream');
    if (end < 0) return new Uint8Array();
    this.prelude = v.parse(SCHEMA, JSON.parse(this.#held.toString('utf8', 0, end)));
    return this.#held.subarray(end + DELIMITER.length);
  }
}
