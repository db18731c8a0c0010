/**
 * Assembles one assistant message from lossy, unordered deliveries and snapshots. Pure: states are immutable, the clock
 * is an argument, and the same object comes back when nothing changed. Upholds I1 and I2; the caller compares END's
 * SHA-256 (I6), because hashing is asynchronous in browsers, and calls `restart` when it differs.
 */
import type { GenerationEnd, MessageState, MessageStatus, TokenBatch } from './generated/schema-types.ts';
import { GAP_PATIENCE_MS, MAX_HELD_BATCHES } from './limits.ts';
import { batchEffect, isTerminal, overlay, statusRank } from './sequence.ts';

/** What is known of one assistant message. */
export interface AssembledMessage {
  readonly messageId: string;
  readonly attempt: number;
  readonly status: MessageStatus;
  /** Everything up to the first hole: always a prefix of the generation's text (I1). */
  readonly text: string;
  readonly reasoning: string;
  /** The next `seq` of this attempt that extends the text. */
  readonly nextSeq: number;
  /** The highest `seq` of this attempt known to exist. */
  readonly knownSeq: number;
  /** Batches behind a hole, by `seq`, at most 64: later ones are read again from the log. */
  readonly held: readonly TokenBatch[];
  /** A receipt that came while text was missing: catch-up completes it. */
  readonly pendingEnd: GenerationEnd | undefined;
  /** The receipt, once both lengths fit. */
  readonly end: GenerationEnd | undefined;
  /** Since when something is known to be missing, in the caller's milliseconds. */
  readonly gapSince: number | undefined;
}

/** A message of which nothing is known yet. */
export function emptyMessage(messageId: string): AssembledMessage {
  return {
    messageId,
    attempt: 0,
    status: 'PENDING',
    text: '',
    reasoning: '',
    nextSeq: 0,
    knownSeq: -1,
    held: [],
    pendingEnd: undefined,
    end: undefined,
    gapSince: undefined,
  };
}

/**
 * Forgets the text and the receipt, but not what is known to exist: the next snapshots from offset 0 fill it again, and
 * until they have, nothing that arrives late makes it look complete.
 */
export function restart(message: AssembledMessage, now: number): AssembledMessage {
  const { messageId, attempt, status, knownSeq } = message;
  return { ...emptyMessage(messageId), attempt, status, knownSeq, gapSince: now };
}

/**
 * Applies one batch. Older attempts and duplicates change nothing; a newer attempt cuts the text to its resume offsets;
 * a batch applies only when `seq` and offset both fit (a missing START blocks nothing), else it is held behind the hole.
 */
export function applyBatch(message: AssembledMessage, batch: TokenBatch, now: number): AssembledMessage {
  if (batch.messageId !== message.messageId || batch.attempt < message.attempt) return message;
  const isNewer = batch.attempt > message.attempt;
  const current: AssembledMessage = isNewer
    ? { ...beginAttempt(message, batch), status: 'STREAMING' }
    : message;
  if (current.end) return current;
  const next = settleGap(drain(absorb(current, batch)), now);
  return isSame(next, message) ? message : next;
}

/**
 * Merges a page of `messageState`. States are ordered by (attempt, PENDING < STREAMING < terminal): an older one adds
 * only text. A page counts whole or not at all: text and reasoning stay one position of the log, which the next question
 * is asked from. `end` counts with `more: false` once both lengths fit.
 */
export function applyState(message: AssembledMessage, state: MessageState, now: number): AssembledMessage {
  if (state.messageId !== message.messageId || state.attempt < message.attempt) return message;
  const base = state.attempt > message.attempt ? beginAttempt(message, state) : message;
  if (base.end) return base;
  const joins = state.offset <= base.text.length && state.reasoningOffset <= base.reasoning.length;
  const end = state.more ? undefined : state.end;
  const merged: AssembledMessage = {
    ...base,
    ...(joins && {
      text: overlay(base.text, state.offset, state.text),
      reasoning: overlay(base.reasoning, state.reasoningOffset, state.reasoning),
      nextSeq: Math.max(base.nextSeq, state.throughSeq + 1),
    }),
    status: laterStatus(base.status, state.status),
    knownSeq: Math.max(base.knownSeq, state.throughSeq),
    pendingEnd: end && !isSameReceipt(end, base.pendingEnd) ? end : base.pendingEnd,
  };
  const next = settleGap(drain(finish(merged)), now);
  return isSame(next, message) ? message : next;
}

/** When `messageState` has to be asked: 300 ms after a hole was seen, at once for a receipt that does not fit; else never. */
export function gapDueAt(message: AssembledMessage): number | undefined {
  if (message.gapSince === undefined) return undefined;
  return message.gapSince + (message.pendingEnd ? 0 : GAP_PATIENCE_MS);
}

/** Whether `messageState` has to be asked by now. */
export function needsCatchUp(message: AssembledMessage, now: number): boolean {
  const dueAt = gapDueAt(message);
  return dueAt !== undefined && now >= dueAt;
}

/** Whether a terminal state is known and all its text is here. */
export function isSettled(message: AssembledMessage): boolean {
  return message.end !== undefined;
}

/** A batch or a state of a newer attempt cuts what an earlier one left beyond its beginning. */
function beginAttempt(
  message: AssembledMessage,
  from: Pick<TokenBatch | MessageState, 'attempt' | 'resumeOffset' | 'resumeReasoningOffset'>,
): AssembledMessage {
  return {
    ...emptyMessage(message.messageId),
    attempt: from.attempt,
    text: message.text.slice(0, from.resumeOffset),
    reasoning: message.reasoning.slice(0, from.resumeReasoningOffset),
  };
}

function absorb(message: AssembledMessage, batch: TokenBatch): AssembledMessage {
  const effect = batchEffect(message, batch);
  switch (effect.kind) {
    case 'duplicate':
      return message;
    case 'apply':
      return finish({ ...noted(message, batch), ...effect.parts, nextSeq: batch.seq + 1 });
    case 'end':
      return finish({
        ...message,
        pendingEnd: isSameReceipt(effect.end, message.pendingEnd) ? message.pendingEnd : effect.end,
        status: laterStatus(message.status, batch.status),
      });
    case 'behind':
      return noted(message, batch);
    case 'hold':
      return { ...noted(message, batch), held: hold(message.held, batch) };
  }
}

/** What any batch but a receipt tells: its `seq` exists, and a worker streams unless the attempt has ended since. */
function noted(message: AssembledMessage, batch: TokenBatch): AssembledMessage {
  return {
    ...message,
    knownSeq: Math.max(message.knownSeq, batch.seq),
    status: laterStatus(message.status, 'STREAMING'),
  };
}

function laterStatus(known: MessageStatus, heard: MessageStatus): MessageStatus {
  return statusRank(heard) >= statusRank(known) ? heard : known;
}

function isSameReceipt(a: GenerationEnd, b: GenerationEnd | undefined): boolean {
  return (
    a.reason === b?.reason &&
    a.length === b.length &&
    a.sha256 === b.sha256 &&
    a.reasoningLength === b.reasoningLength
  );
}

/** A receipt counts when both lengths fit; what a reader holds beyond them (a dead HTTP worker's text) is cut. */
function finish(message: AssembledMessage): AssembledMessage {
  const end = message.pendingEnd;
  if (!end || message.text.length < end.length || message.reasoning.length < end.reasoningLength)
    return message;
  return {
    ...message,
    text: message.text.slice(0, end.length),
    reasoning: message.reasoning.slice(0, end.reasoningLength),
    held: [],
    pendingEnd: undefined,
    end,
  };
}

/** Keeps the lowest batches; the same list when the batch is in it already or lies above a full one. */
function hold(held: readonly TokenBatch[], batch: TokenBatch): readonly TokenBatch[] {
  if (held.some((other) => other.seq === batch.seq)) return held;
  const kept = [...held, batch].sort((a, b) => a.seq - b.seq).slice(0, MAX_HELD_BATCHES);
  return kept.includes(batch) ? kept : held;
}

function drain(message: AssembledMessage): AssembledMessage {
  let current = message;
  while (!current.end && current.held.length > 0) {
    const [first, ...rest] = current.held as [TokenBatch, ...TokenBatch[]];
    const next = absorb({ ...current, held: rest }, first);
    if (next.held.length > rest.length) return current;
    current = next;
  }
  return current;
}

/**
 * A hole is dated once, when it is first seen, and forgotten when nothing is missing. A missing seq 0 (START) carries no
 * text; a terminal status without a receipt has text to come.
 */
function settleGap(message: AssembledMessage, now: number): AssembledMessage {
  const isMissing =
    !message.end &&
    (message.held.length > 0 ||
      message.pendingEnd !== undefined ||
      message.knownSeq >= Math.max(message.nextSeq, 1) ||
      isTerminal(message.status));
  const gapSince = isMissing ? (message.gapSince ?? now) : undefined;
  return gapSince === message.gapSince ? message : { ...message, gapSince };
}

function isSame(a: AssembledMessage, b: AssembledMessage): boolean {
  return (
    a === b ||
    (a.attempt === b.attempt &&
      a.status === b.status &&
      a.text === b.text &&
      a.reasoning === b.reasoning &&
      a.nextSeq === b.nextSeq &&
      a.knownSeq === b.knownSeq &&
      a.held === b.held &&
      a.pendingEnd === b.pendingEnd &&
      a.end === b.end &&
      a.gapSince === b.gapSince)
  );
}
