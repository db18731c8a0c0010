import { createHash } from 'node:crypto';
import type { AnswerText } from '../table/answer-text.ts';
import type { Delta } from './stream.ts';

/** The answer so far with its running SHA-256; appending is the only change. */
export class Answer {
  readonly #hash = createHash('sha256');
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

  /** Appends what the model emitted; returns it at its coordinate. */
  append(part: Delta['part'], text: string): Delta {
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
}
