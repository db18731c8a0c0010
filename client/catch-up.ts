/** When a message has to be asked for (design: Catch-up). Pure: the clock is an argument. */
import { gapDueAt, isSettled, type AssembledMessage } from '../protocol/assembler.ts';
import { GAP_PATIENCE_MS } from '../protocol/limits.ts';

/** Silence after which an answer that runs is asked for; two missed heartbeats. */
export const SILENCE_MS = 12_000;
/** How often it is asked for from then on, until something arrives. */
const SILENT_POLL_MS = 2_000;

/** What is remembered of the contact with one message. */
export interface Contact {
  /** When its last batch arrived, or when it became known. */
  readonly heardAt: number;
  /** When `messageState` last answered. */
  readonly askedAt: number | undefined;
  /** Not before, because asking failed; undefined when it did not. */
  readonly retryAt: number | undefined;
}

/** When to ask, and whether because text is known to be missing. */
export interface CatchUpDue {
  readonly at: number;
  readonly isForText: boolean;
}

/**
 * When `messageState` is due for a message whose receipt is not here: 300 ms after a hole was seen, at once when END does
 * not fit, after 12 s of silence and then every 2 s. Undefined once it is settled.
 */
export function catchUpDue(message: AssembledMessage, contact: Contact): CatchUpDue | undefined {
  if (isSettled(message)) return undefined;
  const gapAt = gapDueAt(message);
  if (contact.retryAt !== undefined) return { at: contact.retryAt, isForText: gapAt !== undefined };
  if (gapAt !== undefined) {
    // An answer that did not fill the hole is not asked for again without a pause.
    const again = contact.askedAt === undefined ? gapAt : contact.askedAt + GAP_PATIENCE_MS;
    return { at: Math.max(gapAt, again), isForText: true };
  }
  const silentAt = contact.heardAt + SILENCE_MS;
  const again = contact.askedAt === undefined ? silentAt : contact.askedAt + SILENT_POLL_MS;
  return { at: Math.max(silentAt, again), isForText: false };
}
