import { createParser } from 'eventsource-parser';
import { EventSourceParserStream } from 'eventsource-parser/stream';
import { expect } from 'vitest';
import type { GenerationEnd, MessageStatus, TokenBatch } from '../../protocol/generated/schema-types.ts';

/** Why a reader stopped: END came, the body ended without it, it was told to leave, or there was nothing more (204). */
export type ReadingEnd = 'end' | 'eof' | 'left' | 'nothing';

/**
 * Reads one answer over the HTTP door as PROTOCOL.md asks readers to, with a published SSE parser. Fails the test at the
 * first piece of text that would leave a hole or repeat something.
 */
export class SseReader {
  text = '';
  reasoning = '';
  /** The last event id, sent as the cursor by the next reading. */
  cursor = '';
  status: MessageStatus | undefined;
  end: GenerationEnd | null = null;
  readonly attempts: number[] = [];
  readonly #url: string;
  readonly #headers: Record<string, string>;

  constructor(url: string, headers: Record<string, string>) {
    this.#url = url;
    this.#headers = headers;
  }

  /** Connects with the cursor and reads; leaves by breaking the connection as soon as `isEnough`. */
  async read(isEnough: () => boolean = () => false): Promise<ReadingEnd> {
    const leaving = new AbortController();
    const headers = { ...this.#headers, ...(this.cursor === '' ? {} : { 'last-event-id': this.cursor }) };
    const answer = await fetch(this.#url, { headers, signal: leaving.signal });
    if (answer.status === 204) return 'nothing';
    expect(answer.status).toBe(200);
    if (!answer.body) throw new Error('The answer has no body');
    const events = answer.body
      .pipeThrough(new TextDecoderStream())
      .pipeThrough(new EventSourceParserStream({ onError: 'terminate' }));
    for await (const { id, event, data } of events) {
      expect(event).toBe('batch');
      this.#apply(JSON.parse(data) as TokenBatch);
      this.cursor = id ?? '';
      if (this.end) return 'end';
      if (isEnough()) {
        leaving.abort();
        return 'left';
      }
    }
    return 'eof';
  }

  /** Reads on, with the cursor after each body that ended without END, until END. */
  async readToEnd(): Promise<void> {
    for (let readings = 0; readings < 50; readings += 1) if ((await this.read()) === 'end') return;
    throw new Error('No END in 50 readings');
  }

  /** Takes the events of a body that another client read, up to the last whole one. */
  take(body: string): void {
    const parser = createParser({
      onEvent: ({ id, data }) => {
        this.#apply(JSON.parse(data) as TokenBatch);
        this.cursor = id ?? '';
      },
    });
    parser.feed(body);
  }

  /** Forgets END, for an answer that goes on. */
  goOn(): void {
    this.end = null;
  }

  #apply(batch: TokenBatch): void {
    const newest = this.attempts.at(-1) ?? 0;
    if (batch.kind === 'START') {
      expect(batch.attempt).toBeGreaterThan(newest);
      this.attempts.push(batch.attempt);
      this.text = this.text.slice(0, batch.resumeOffset);
      this.reasoning = this.reasoning.slice(0, batch.resumeReasoningOffset);
      return;
    }
    expect(batch.attempt).toBe(newest);
    if (batch.kind === 'END') {
      this.end = batch.end ?? null;
      this.status = batch.status;
      this.text = this.text.slice(0, batch.end?.length);
      return;
    }
    const held = batch.part === 'TEXT' ? this.text : this.reasoning;
    expect(batch.offset).toBe(held.length);
    if (batch.part === 'TEXT') this.text += batch.text;
    else this.reasoning += batch.text;
  }
}
