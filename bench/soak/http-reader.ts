import { createParser, type EventSourceMessage } from 'eventsource-parser';
import type { TokenBatch } from '../../protocol/generated/schema-types.ts';
import type { Cut } from './drawn-schedule.ts';
import { isBroken, type HttpDoor, type OpenAnswer } from './http-door.ts';
import { SseAnswer } from './sse-answer.ts';
import { Stuck } from './within.ts';

/** What an HTTP reader works with. */
export interface HttpReaderOptions {
  readonly door: HttpDoor;
  readonly conversationId: string;
  /** What the model answers. */
  readonly whole: string;
  /** Where it leaves, and where it comes back, in this order. */
  readonly cuts: readonly Cut[];
  /** Told each time it comes back. */
  readonly resumed: () => void;
}

/** How a reading came to rest: END was read, or the conversation is gone. */
export type Rest = 'end' | 'gone';

/** How one connection ended; `nothing`: the door says that there is nothing after END. */
type Connection = 'end' | 'eof' | 'left' | 'nothing';

/** Something comes every 10 s (`: hb`) as long as the worker lives, or it stands still, for 23 s at most. */
const SILENCE_MS = 45_000;

/** One answer read over the HTTP door by a plain client, which leaves and comes back where it was told to. */
export class HttpReader {
  readonly answer: SseAnswer;
  readonly #options: HttpReaderOptions;
  readonly #cuts: Cut[];
  #messageId = '';
  #leave: () => void = () => undefined;
  #isClosed = false;

  constructor(options: HttpReaderOptions, messageId = '') {
    this.#options = options;
    this.#cuts = [...options.cuts];
    this.#messageId = messageId;
    this.answer = new SseAnswer(options.whole);
  }

  /** The answer it reads; empty before its question is accepted. */
  get messageId(): string {
    return this.#messageId;
  }

  /** Sends a question and reads its answer to rest; `accepted` is told its id first. @throws Stuck, ChatError */
  async send(input: object, accepted: (messageId: string) => void, withinMs: number): Promise<Rest> {
    const deadline = Date.now() + withinMs;
    const answer = await this.#options.door.ask('/chat', { method: 'POST', body: input }, deadline);
    if (answer === 'gone') return answer;
    this.#messageId = answer.response.headers.get('x-message-id') ?? '';
    accepted(this.#messageId);
    return this.#toRest(deadline, await this.#read(answer));
  }

  /** Asks for what follows, and reads until there is nothing more to be read, through every cut that is left. @throws Stuck, ChatError */
  toRest(withinMs: number): Promise<Rest> {
    return this.#toRest(Date.now() + withinMs, 'left');
  }

  /** Ends what it reads. */
  close(): void {
    this.#isClosed = true;
    this.#leave();
  }

  async #toRest(deadline: number, before: Connection): Promise<Rest> {
    const { conversationId, door } = this.#options;
    const path = `/conversations/${conversationId}/messages/${this.#messageId}/events`;
    for (let connection = before; ;) {
      if (connection === 'end' || connection === 'nothing') {
        if (this.#cuts.length === 0) return 'end';
        this.#comeBack();
      }
      if (connection === 'eof') await door.pause();
      if (this.#isClosed) return 'gone';
      if (Date.now() > deadline) throw new Stuck(`reading ${this.#messageId} over HTTP`);
      const answer = await door.ask(path, { lastEventId: this.answer.cursor }, deadline);
      if (answer === 'gone') return answer;
      connection = await this.#read(answer);
    }
  }

  async #read({ response, leave }: OpenAnswer): Promise<Connection> {
    if (response.status === 204 || !response.body) return 'nothing';
    this.#leave = leave;
    const silence = setTimeout(leave, SILENCE_MS);
    const events: EventSourceMessage[] = [];
    let hasEnded = false;
    const parser = createParser({ onEvent: (event) => events.push(event) });
    try {
      for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
        silence.refresh();
        parser.feed(text);
        for (const { id, data } of events.splice(0)) {
          this.answer.take(id ?? '', JSON.parse(data) as TokenBatch);
          hasEnded = this.answer.isEnded;
          if (!this.#isCutDue()) continue;
          this.#comeBack();
          return 'left';
        }
      }
    } catch (error) {
      if (!isBroken(error)) throw error;
    } finally {
      clearTimeout(silence);
      leave();
    }
    // An END of an earlier connection says nothing of this one.
    return hasEnded ? 'end' : 'eof';
  }

  /** Cuts at the whole text wait for END. */
  #isCutDue(): boolean {
    const [cut] = this.#cuts;
    const reached = this.answer.text.length;
    return cut !== undefined && cut.atShare < 1 && reached >= cut.atShare * this.#options.whole.length;
  }

  #comeBack(): void {
    this.answer.goBack(this.#cuts.shift()?.fromShare ?? 1);
    this.#options.resumed();
  }
}
