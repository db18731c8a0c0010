import { createHash } from 'node:crypto';
import type { AnswerText } from '../table/answer-text.ts';
import { utf8Bytes } from '../../protocol/token-batch.ts';
import type { Delta } from './stream.ts';
import { tokensOf } from './usage.ts';

/** For how long it is remembered when text came; a cancel is seen long before. */
const ARRIVALS_KEPT_MS = 60_000;

/** The answer so far with its running SHA-256; appending is the only change. */
export class Answer {
  readonly #hash = createHash('sha256');
  /** UTF-8 bytes of text and reasoning by the millisecond they came in, oldest first. */
  readonly #arrivals: { readonly at: number; bytes: number }[] = [];
  #text: string;
  #reasoning: string;

  /** Begins with what earlier attempts stored. */
  constructor(stored: AnswerText) {
    this.#text = stored.text;
    this.#reasoning = stored.reasoning;
    this.#hash.update(stored.text, 'utf8');
  }

  get text(): string {
    return this.#text;
  }

  get reasoning(): string {
    return this.#reasoning;
  }

  /** Lower-case hex SHA-256 over the UTF-8 bytes of the text so far. */
  get sha256(): string {
    return this.#hash.copy().digest('hex');
  }

  /** Estimates the tokens that came after a time of the last minute; an older one counts as a minute ago. */
  tokensAfter(time: number): number {
    const bytes = this.#arrivals.reduce((sum, arrival) => sum + (arrival.at > time ? arrival.bytes : 0), 0);
    return tokensOf(bytes);
  }

  /**
   * Appends what the model emitted at a time in epoch milliseconds (omitted: before everything a cancel can ask for);
   * returns it at its coordinate.
   */
  append(part: Delta['part'], text: string, at = 0): Delta {
    this.#note(utf8Bytes(text), at);
    if (part === 'REASONING') {
      const offset = this.#reasoning.length;
      this.#reasoning += text;
      return { part, offset, text };
    }
    const offset = this.#text.length;
    this.#text += text;
    this.#hash.update(text, 'utf8');
    return { part, offset, text };
  }

  #note(bytes: number, at: number): void {
    const last = this.#arrivals.at(-1);
    if (last?.at === at) last.bytes += bytes;
    else this.#arrivals.push({ at, bytes });
    while ((this.#arrivals[0]?.at ?? at) < at - ARRIVALS_KEPT_MS) this.#arrivals.shift();
  }
}
