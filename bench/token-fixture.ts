import { createHash } from 'node:crypto';

/** The tokens of the bench's answer: `w1 `, `w2 `, ... Each is unlike its neighbours, so a swap or a repeat shows. */
export function fixtureTokens(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `w${index + 1} `);
}

/** A delivery that is not exactly the fixture. A bench that meets one has no figure. */
export class FixtureError extends Error {
  override readonly name = 'FixtureError';
}

/** What an END says about the whole text. */
export interface WholeText {
  readonly length: number;
  readonly sha256: string;
}

/**
 * Takes the text of one answer as it arrives and notes when each token was complete. Strict: text must continue exactly where
 * it stopped and be the fixture's, so nothing lost, repeated, swapped or altered passes.
 */
export class TokenArrivals {
  readonly #text: string;
  /** The offset at which each token is complete. */
  readonly #ends: readonly number[];
  readonly #arrivedAt: number[] = [];
  #length = 0;
  #batches = 0;

  constructor(tokens: readonly string[]) {
    let end = 0;
    this.#text = tokens.join('');
    this.#ends = tokens.map((token) => (end += token.length));
  }

  /** Pieces of text so far; fewer than tokens when some travelled together. */
  get batches(): number {
    return this.#batches;
  }

  /** Tokens that are complete so far. */
  get tokens(): number {
    return this.#arrivedAt.length;
  }

  /** Notes a piece of text. Throws FixtureError unless it is the fixture's next. */
  add(offset: number, text: string, at: number): void {
    if (offset !== this.#length)
      throw new FixtureError(`Text at offset ${offset} came when ${this.#length} was due`);
    if (text === '' || !this.#text.startsWith(text, offset))
      throw new FixtureError(`The text at offset ${offset} is not the fixture's: ${JSON.stringify(text)}`);
    this.#length += text.length;
    this.#batches += 1;
    while ((this.#ends[this.#arrivedAt.length] ?? Infinity) <= this.#length) this.#arrivedAt.push(at);
  }

  /** Compares what END announced. Throws FixtureError when a token is missing or END describes another text. */
  end({ length, sha256 }: WholeText): void {
    if (this.#length !== this.#text.length)
      throw new FixtureError(`END came after ${this.#length} of ${this.#text.length} units`);
    const expected = createHash('sha256').update(this.#text, 'utf8').digest('hex');
    if (length !== this.#text.length || sha256 !== expected)
      throw new FixtureError('END announces another length or SHA-256 than the fixture has');
  }

  /**
   * Milliseconds from each token's sending to its arrival. Throws FixtureError when a token was not sent or did not arrive,
   * or arrived before it was sent (two clocks).
   */
  latencies(sentAt: readonly number[]): number[] {
    if (sentAt.length !== this.#ends.length || this.#arrivedAt.length !== this.#ends.length)
      throw new FixtureError(
        `Of ${this.#ends.length} tokens ${sentAt.length} were sent and ${this.#arrivedAt.length} arrived`,
      );
    return this.#arrivedAt.map((at, index) => {
      const latency = at - (sentAt[index] ?? Infinity);
      if (!(latency >= 0)) throw new FixtureError(`Token ${index} arrived before it was sent`);
      return latency;
    });
  }
}
