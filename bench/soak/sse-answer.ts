/** What an HTTP reader makes of the events of one answer. Pure but for the hash. */
import type { TokenBatch } from '../../protocol/generated/schema-types.ts';
import { sha256 } from './shown-answers.ts';

/** What a reader holds after an event, under the event's id: where it may come back. */
interface Held {
  readonly id: string;
  readonly attempt: number;
  readonly text: string;
  readonly reasoning: string;
}

const NOTHING: Held = { id: '', attempt: 0, text: '', reasoning: '' };

/**
 * The text of one answer as PROTOCOL.md asks SSE readers to put it together: every delta at the end of what is held, cut to the resume
 * offsets of a newer START and to END's lengths. What does not fit is a problem; nothing throws.
 */
export class SseAnswer {
  readonly #held: Held[] = [];
  readonly #problems: string[] = [];
  /** What the model answers, of which every text that is held has to be a beginning. */
  readonly #whole: string;
  #last = NOTHING;
  #isEnded = false;

  constructor(whole: string) {
    this.#whole = whole;
  }

  get problems(): readonly string[] {
    return this.#problems;
  }

  get text(): string {
    return this.#last.text;
  }

  /** The last event id, empty before the first event: what `Last-Event-ID` says. */
  get cursor(): string {
    return this.#last.id;
  }

  /** Whether the last event was END. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** Takes an event. */
  take(id: string, batch: TokenBatch): void {
    const held = this.#after(batch);
    this.#isEnded = batch.kind === 'END';
    this.#last = { ...held, id };
    this.#held.push(this.#last);
    if (!this.#whole.startsWith(held.text)) this.#blame('holds text that is not the model’s (I1)', batch);
  }

  /** Forgets all events after one of them: `share` is 0 (all of them) to 1 (none). */
  goBack(share: number): void {
    this.#held.length = Math.round(share * this.#held.length);
    this.#last = this.#held.at(-1) ?? NOTHING;
    this.#isEnded = this.#last.id.endsWith(':end');
  }

  #after(batch: TokenBatch): Omit<Held, 'id'> {
    const { attempt, text, reasoning } = this.#last;
    if (this.#isEnded && batch.kind !== 'START') this.#blame('goes on after END (I3)', batch);
    if (batch.kind === 'START') {
      if (batch.attempt <= attempt) this.#blame('begins an attempt again', batch);
      return {
        attempt: batch.attempt,
        text: text.slice(0, batch.resumeOffset),
        reasoning: reasoning.slice(0, batch.resumeReasoningOffset),
      };
    }
    if (batch.attempt !== attempt) this.#blame(`is of another attempt than ${attempt}`, batch);
    if (batch.kind === 'END') return this.#atEnd(batch);
    const [part, kept] =
      batch.part === 'TEXT' ? (['text', text] as const) : (['reasoning', reasoning] as const);
    if (batch.kind !== 'DELTA') this.#blame('does not belong here', batch);
    if (batch.offset !== kept.length) this.#blame(`does not follow ${kept.length} units`, batch);
    return { attempt, text, reasoning, [part]: kept + batch.text };
  }

  #atEnd(batch: TokenBatch): Omit<Held, 'id'> {
    const { attempt } = this.#last;
    const text = this.#last.text.slice(0, batch.end?.length);
    const reasoning = this.#last.reasoning.slice(0, batch.end?.reasoningLength);
    if (!batch.end || batch.end.length !== text.length || batch.end.sha256 !== sha256(text))
      this.#blame(`has a receipt that does not fit ${text.length} units (I6)`, batch);
    return { attempt, text, reasoning };
  }

  #blame(what: string, { messageId, kind, attempt, offset }: TokenBatch): void {
    this.#problems.push(`over HTTP ${kind} attempt ${attempt} at ${offset} ${what}: ${messageId}`);
  }
}
