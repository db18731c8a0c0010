/** The sequence rules: what one batch does to a message. Pure; used by the assembler and by SSE readers. */
import type { GenerationEnd, MessageStatus, TokenBatch } from './generated/schema-types.ts';

/** Statuses no write but `continueMessage` leaves (I3). */
export function isTerminal(status: MessageStatus): boolean {
  return statusRank(status) === 2;
}

/** Order of statuses within an attempt: PENDING < STREAMING < terminal. */
export function statusRank(status: MessageStatus): 0 | 1 | 2 {
  if (status === 'PENDING') return 0;
  return status === 'STREAMING' ? 1 : 2;
}

/** What a batch may do. `hold`: it lies behind a hole. `behind`: it tells of batches that have not come. */
export type BatchEffect =
  | { readonly kind: 'apply'; readonly parts: { readonly text?: string; readonly reasoning?: string } }
  | { readonly kind: 'end'; readonly end: GenerationEnd }
  | { readonly kind: 'duplicate' | 'hold' | 'behind' };

/** What the rules look at. */
export interface SequencePosition {
  readonly text: string;
  readonly reasoning: string;
  readonly nextSeq: number;
}

/**
 * Decides by `seq` and offset together. START is seq 0 and carries no text, so seq 1 may follow nothing once the text and
 * reasoning of earlier attempts are there. HEARTBEAT repeats the last logged seq and only tells that it exists; at seq 0
 * it says what START said. A receipt is taken at any seq: lengths decide whether it counts.
 */
export function batchEffect(position: SequencePosition, batch: TokenBatch): BatchEffect {
  if (batch.kind === 'END') return batch.end ? { kind: 'end', end: batch.end } : { kind: 'duplicate' };
  if (batch.seq < position.nextSeq) return { kind: 'duplicate' };
  if (batch.kind === 'HEARTBEAT' && batch.seq > 0) return { kind: 'behind' };
  if (position.nextSeq === 0 && !isAtResume(position, batch)) return { kind: 'hold' };
  if (batch.kind !== 'DELTA') return { kind: 'apply', parts: {} };
  const expected = Math.max(position.nextSeq, 1);
  const part = batch.part === 'TEXT' ? 'text' : 'reasoning';
  const length = position[part].length;
  if (batch.seq > expected || batch.offset > length) return { kind: 'hold' };
  const fresh = batch.text.slice(length - batch.offset);
  return { kind: 'apply', parts: fresh === '' ? {} : { [part]: position[part] + fresh } };
}

function isAtResume(position: SequencePosition, batch: TokenBatch): boolean {
  return (
    position.text.length >= batch.resumeOffset && position.reasoning.length >= batch.resumeReasoningOffset
  );
}

/** Puts a stored piece over what is known: keeps what reaches further, never leaves a hole. */
export function overlay(known: string, offset: number, stored: string): string {
  if (offset > known.length || offset + stored.length <= known.length) return known;
  return known.slice(0, offset) + stored;
}
