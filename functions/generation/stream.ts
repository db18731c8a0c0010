/** The one typed stream of a generation: model events -> transforms -> batcher -> sinks. Nothing here knows a door. */
import type {
  EndReason,
  GenerationEnd,
  MessageStatus,
  PartKind,
  Usage,
} from '../../protocol/generated/schema-types.ts';

/** What a model run emits, in order: deltas, at most one usage, exactly one finish unless it breaks. */
export type ModelEvent =
  | { readonly kind: 'delta'; readonly part: PartKind; readonly text: string }
  | { readonly kind: 'usage'; readonly usage: Usage }
  | { readonly kind: 'finish'; readonly reason: Extract<EndReason, 'STOP' | 'LENGTH' | 'CONTENT_FILTER'> };

/** One turn of what the model reads. `content` is always a string. */
export interface ModelMessage {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

/** A model run. Throws ChatError of stage `upstream`; aborting `signal` stops the request upstream. */
export interface Model {
  stream(request: {
    readonly messages: readonly ModelMessage[];
    /** The requested model; undefined: the first configured one. */
    readonly model: string | null;
    readonly signal: AbortSignal;
    /** Epoch milliseconds until which an answer is of use: no wait for a busy model passes it. */
    readonly deadlineAt: number;
    /** Told which model is asked, before its first event; again when another request follows a failed one. */
    readonly onModel: (model: string) => void;
  }): AsyncGenerator<ModelEvent, void, undefined>;
}

/** Text or reasoning at its coordinate. */
export interface Delta {
  readonly part: PartKind;
  /** UTF-16 units of the part before `text`. */
  readonly offset: number;
  readonly text: string;
}

/** The terminal state as it was written. */
export interface Terminal {
  readonly status: MessageStatus;
  readonly end: GenerationEnd;
}

/**
 * Where a generation's stream goes. Calls come in order and are never awaited: a sink buffers for itself and may not
 * throw. `end` comes after the terminal write; `leave` instead of it when this worker ends without one.
 */
export interface Sink {
  start(): void;
  delta(delta: Delta): void;
  end(terminal: Terminal): void;
  leave(): void;
}

/**
 * Makes deltas that every sink can carry as UTF-8: a trailing high surrogate waits for its other half, lone surrogates
 * become U+FFFD. So all readers see exactly the text that is hashed (I10).
 */
export async function* wholeCodePoints(
  events: AsyncIterable<ModelEvent>,
  sendable: (text: string) => { ready: string; rest: string },
): AsyncGenerator<ModelEvent, void, undefined> {
  let rest = '';
  let restPart: PartKind = 'TEXT';
  for await (const event of events) {
    const continues = event.kind === 'delta' && event.part === restPart;
    if (rest !== '' && !continues) {
      yield { kind: 'delta', part: restPart, text: rest.toWellFormed() };
      rest = '';
    }
    if (event.kind !== 'delta') {
      yield event;
      continue;
    }
    const split = sendable(rest + event.text);
    rest = split.rest;
    restPart = event.part;
    if (split.ready !== '') yield { kind: 'delta', part: event.part, text: split.ready };
  }
  if (rest !== '') yield { kind: 'delta', part: restPart, text: rest.toWellFormed() };
}
