import {
  applyBatch,
  applyState,
  emptyMessage,
  restart,
  type AssembledMessage,
} from '../protocol/assembler.ts';
import { isChatError, type ChatError } from '../protocol/errors.ts';
import type { GenerationEnd, Message, MessageState, TokenBatch } from '../protocol/generated/schema-types.ts';
import { isTerminal } from '../protocol/sequence.ts';
import type { TextPosition } from './api.ts';
import { backoffMs } from './backoff.ts';
import { catchUpDue } from './catch-up.ts';
import type { Clock } from './clock.ts';
import { listedState } from './listed-state.ts';
import { requestError } from './request-error.ts';
import { shared, type ChatMessage } from './snapshot.ts';

/** What an assistant message needs. */
export interface LiveMessagePorts {
  readonly clock: Clock;
  readonly random: () => number;
  readonly sha256: (text: string) => Promise<string>;
  /** Asks `messageState`. */
  ask(messageId: string, from: TextPosition): Promise<MessageState>;
  /** `shown` or `isBehind` changed. */
  changed(): void;
  /** Asking failed; it is repeated unless the message is closed. */
  failed(error: ChatError): void;
}

/** What a listing tells beyond text and status. */
type Facts = Pick<ChatMessage, 'parentId' | 'clientMessageId' | 'model' | 'createdAt'>;

/**
 * One assistant message that repairs itself: batches and listings go in, in any order; `shown` is always a prefix of the
 * answer (I1), and terminal only when length and SHA-256 agree (I6). It asks `messageState` by itself for what is missing.
 */
export class LiveMessage {
  readonly id: string;
  readonly #ports: LiveMessagePorts;
  #facts: Facts;
  #assembled: AssembledMessage;
  #shown: ChatMessage | undefined;
  #nextWithinMs = 0;
  #heardAt: number;
  #askedAt: number | undefined;
  #retryAt: number | undefined;
  #failures = 0;
  #mismatches = 0;
  #asking: 'for text' | 'because silent' | undefined;
  /** When the question that is on its way left. */
  #askingSince = 0;
  /** What is on its way left before something else may have been missed. */
  #isAskedAgain = false;
  /** The receipt whose SHA-256 agreed with the text. */
  #verified: GenerationEnd | undefined;
  #cancelTimer: () => void = () => undefined;
  #isClosed = false;

  constructor(id: string, parentId: string | null, ports: LiveMessagePorts) {
    this.id = id;
    this.#ports = ports;
    this.#facts = { parentId, clientMessageId: null, model: null, createdAt: null };
    this.#assembled = emptyMessage(id);
    this.#heardAt = ports.clock.now();
  }

  /** What may be shown; undefined until something is known for sure. */
  get shown(): ChatMessage | undefined {
    return this.#shown;
  }

  /** Whether something is known to be missing and being read, or cannot be read. */
  get isBehind(): boolean {
    return this.#asking === 'for text' || this.#failures > 0 || this.#mismatches > 0;
  }

  /** Takes a batch as it was delivered. */
  hear(batch: TokenBatch): void {
    const now = this.#ports.clock.now();
    this.#heardAt = now;
    if (batch.kind === 'DELTA') this.#nextWithinMs = batch.nextWithinMs;
    this.#take(applyBatch(this.#assembled, batch, now));
  }

  /** Takes the message as the service listed or answered it; `digest` is the SHA-256 of its text, when known already. */
  learn(message: Message, digest?: string): void {
    const { parentId = null, clientMessageId = null, model = null, createdAt } = message;
    this.#facts = { parentId, clientMessageId, model, createdAt };
    this.#nextWithinMs = 0;
    const next = applyState(this.#assembled, listedState(message), this.#ports.clock.now());
    const isVerified = next.end?.sha256 === digest && next.text === message.text;
    if (isVerified && next.end) this.#agree(next.end);
    this.#take(next);
  }

  /** Asks `messageState` now, unless settled, or once more when a question is on its way that left before `since`. */
  catchUp(since: number): void {
    if (this.#asking && this.#askingSince < since) this.#isAskedAgain = true;
    void this.#ask('for text');
  }

  /** Ends all timers; what is still on its way is ignored. */
  close(): void {
    this.#isClosed = true;
    this.#cancelTimer();
  }

  #take(next: AssembledMessage): void {
    if (this.#isClosed) return;
    if (next.attempt > this.#assembled.attempt) this.#mismatches = 0;
    this.#assembled = next;
    if (next.gapSince === undefined) this.#recover();
    if (next.end && next.end !== this.#verified) void this.#verify(next, next.end);
    else if (this.#mismatches === 0) this.#show();
    this.#schedule();
  }

  async #verify(message: AssembledMessage, end: GenerationEnd): Promise<void> {
    const digest = await this.#ports.sha256(message.text).catch(() => undefined);
    if (this.#isClosed || this.#assembled.end !== end) return;
    if (digest === end.sha256) {
      this.#agree(end);
      this.#take(this.#assembled);
      return;
    }
    if (digest === undefined) {
      // Pages on plain http load the hash, which may fail like every request.
      this.#failures += 1;
      this.#cancelTimer();
      const pauseMs = backoffMs(this.#failures, this.#ports.random);
      this.#cancelTimer = this.#ports.clock.after(pauseMs, () => void this.#verify(message, end));
      this.#ports.changed();
      return;
    }
    // Something was altered in delivery. What is shown stays until the whole text was read again and agrees.
    const now = this.#ports.clock.now();
    this.#mismatches += 1;
    this.#assembled = restart(this.#assembled, now);
    if (this.#mismatches > 1) this.#retryAt = now + backoffMs(this.#mismatches - 1, this.#ports.random);
    else void this.#ask('for text');
    this.#ports.changed();
    this.#schedule();
  }

  #agree(end: GenerationEnd): void {
    this.#verified = end;
    this.#mismatches = 0;
  }

  #schedule(): void {
    this.#cancelTimer();
    if (this.#isClosed || this.#asking) return;
    const contact = { heardAt: this.#heardAt, askedAt: this.#askedAt, retryAt: this.#retryAt };
    const due = catchUpDue(this.#assembled, contact);
    if (!due) return;
    const { clock } = this.#ports;
    this.#cancelTimer = clock.after(Math.max(0, due.at - clock.now()), () => {
      void this.#ask(due.isForText ? 'for text' : 'because silent');
    });
  }

  /** Single flight; page after page until the last, then schedules what is next. */
  async #ask(reason: 'for text' | 'because silent'): Promise<void> {
    if (this.#isClosed || this.#asking || this.#assembled.end) return;
    this.#cancelTimer();
    this.#asking = reason;
    this.#ports.changed();
    try {
      for (let hasMore = true; hasMore && !this.#isClosed;) {
        const { text, reasoning } = this.#assembled;
        this.#askingSince = this.#ports.clock.now();
        const from = { offset: text.length, reasoningOffset: reasoning.length };
        const state = await this.#ports.ask(this.id, from);
        this.#nextWithinMs = 0;
        // The text may have been begun anew meanwhile: then this page tells nothing new, and the timer asks again.
        const isAdvancing = state.text.length + state.reasoning.length > 0;
        this.#recover();
        this.#take(applyState(this.#assembled, state, this.#ports.clock.now()));
        hasMore = state.more && isAdvancing;
      }
    } catch (thrown) {
      this.#fail(isChatError(thrown) ? thrown : requestError(thrown));
    }
    this.#asking = undefined;
    this.#askedAt = this.#ports.clock.now();
    if (this.#isClosed) return;
    if (this.#isAskedAgain) {
      this.#isAskedAgain = false;
      // Not while it fails: then the timer asks again, with a pause.
      if (this.#failures === 0) void this.#ask('for text');
    }
    this.#ports.changed();
    this.#schedule();
  }

  /** Nothing is missing: what failed before does not matter any more. */
  #recover(): void {
    this.#failures = 0;
    this.#retryAt = undefined;
  }

  #fail(error: ChatError): void {
    this.#failures += 1;
    const pauseMs = backoffMs(this.#failures, this.#ports.random, error.retryAfterMs);
    this.#retryAt = this.#ports.clock.now() + pauseMs;
    if (!this.#isClosed) this.#ports.failed(error);
  }

  #show(): void {
    const { messageId: id, attempt, text, reasoning, status } = this.#assembled;
    const end = this.#assembled.end === this.#verified ? (this.#verified ?? null) : null;
    const next = shared(this.#shown, {
      id,
      role: 'ASSISTANT',
      ...this.#facts,
      model: end?.model ?? this.#facts.model,
      text,
      reasoning,
      status: end || !isTerminal(status) ? status : 'STREAMING',
      end,
      attempt,
      pending: false,
      refusal: null,
      nextWithinMs: end ? 0 : this.#nextWithinMs,
    } satisfies ChatMessage);
    if (next === this.#shown) return;
    this.#shown = next;
    this.#ports.changed();
  }
}
