import { createHash, type Hash } from 'node:crypto';
import type { AssistantMessageItem } from '../../protocol/items.ts';
import { batchItem, writeSlot } from '../rules/slot.ts';
import { runRule } from '../table/run-rule.ts';
import type { Table } from '../table/table.ts';
import type { Clock } from './clock.ts';
import type { Delta } from './stream.ts';

/** Another writer holds the slot: this attempt was ended from outside (I4). */
export class FencedError extends Error {
  override readonly name = 'FencedError';

  constructor() {
    super('The slot is taken by another writer');
  }
}

/**
 * Writes the log of one attempt: each batch once, under (position, attempt), single flight by its caller. Slots are put
 * only where nothing is, so a slot that another writer took fences this one. A put with unknown outcome is repeated on
 * the same slot until known; a taken slot is one's own only with the same claim and text.
 */
export class LogWriter {
  readonly #table: Table;
  readonly #message: AssistantMessageItem;
  readonly #clock: Clock;
  readonly #hash: Hash;
  #textLength: number;
  #reasoningLength: number;
  #logged = 0;

  constructor(table: Table, message: AssistantMessageItem, storedText: string, clock: Clock) {
    this.#table = table;
    this.#message = message;
    this.#clock = clock;
    this.#hash = createHash('sha256').update(storedText, 'utf8');
    this.#textLength = message.resumeOffset;
    this.#reasoningLength = message.resumeReasoningOffset;
  }

  /** Batches written so far. */
  get logged(): number {
    return this.#logged;
  }

  /** Writes one batch under its sequence number; throws FencedError when the slot is another's. */
  async write(seq: number, delta: Delta, signal: AbortSignal): Promise<void> {
    const before = { textLength: this.#textLength, reasoningLength: this.#reasoningLength };
    if (delta.part === 'TEXT') {
      this.#hash.update(delta.text, 'utf8');
      this.#textLength += delta.text.length;
    } else {
      this.#reasoningLength += delta.text.length;
    }
    const after = {
      textLength: this.#textLength,
      reasoningLength: this.#reasoningLength,
      sha256: this.#hash.copy().digest('hex'),
    };
    const item = batchItem(this.#message, before, { seq, ...delta }, after, this.#clock.now());
    const result = await runRule({ table: this.#table, signal }, writeSlot(item));
    if (result === 'fenced') throw new FencedError();
    this.#logged += 1;
  }
}
