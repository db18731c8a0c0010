/**
 * Reader-paced batching. The first token leaves at once; then windows grow geometrically to the profile's cap, and each
 * batch announces the window in which the next one is expected. Pure: the clock is an argument.
 */
import type { PacingProfile } from './generated/schema-types.ts';
import { MAX_BATCH_BYTES } from './limits.ts';
import { fittingUnits, lastWordBoundary } from './token-batch.ts';

/** Window bounds in milliseconds. */
export interface PacingWindows {
  /** The first window, after the first batch. */
  readonly lingerMs: number;
  /** The cap. */
  readonly maxLingerMs: number;
}

/** The profiles of the schema. */
export const PROFILES: Record<PacingProfile, PacingWindows> = {
  LIVE: { lingerMs: 60, maxLingerMs: 250 },
  BALANCED: { lingerMs: 80, maxLingerMs: 1_000 },
  ECONOMY: { lingerMs: 80, maxLingerMs: 3_000 },
};

/** How much each window exceeds the one before it. */
export const WINDOW_GROWTH = 1.6;

/** What pacing remembers of one attempt. */
export interface PacingState {
  readonly windows: PacingWindows;
  /** Batches that carried text so far. */
  readonly batches: number;
  /** When the last of them left; undefined before the first. */
  readonly lastAt: number | undefined;
}

/** Text that waits to be sent: one part, contiguous. */
export interface Waiting {
  readonly text: string;
  /** When its first unit arrived. */
  readonly since: number;
  /** The part ends here: another part follows or the answer ends. */
  readonly isFinal: boolean;
}

/** Pacing at the start of an attempt. */
export function startPacing(windows: PacingWindows): PacingState {
  return { windows, batches: 0, lastAt: undefined };
}

/** The window that follows batch number `batches` (from 1): `lingerMs` grown by 1.6 a batch up to `maxLingerMs`. */
export function windowAfter(windows: PacingWindows, batches: number): number {
  if (batches < 1) return 0;
  return Math.min(windows.maxLingerMs, Math.round(windows.lingerMs * WINDOW_GROWTH ** (batches - 1)));
}

/** When the waiting text is due: at once before the first batch, at a part's end, or at 4 KB; else when the window has passed. */
export function dueAt(state: PacingState, waiting: Waiting): number {
  if (state.lastAt === undefined || waiting.isFinal) return waiting.since;
  if (fittingUnits(waiting.text) < waiting.text.length) return waiting.since;
  return Math.max(waiting.since, state.lastAt + windowAfter(state.windows, state.batches));
}

/**
 * How many units of the waiting text to send now; 0 when it is not due. At most 4 KB. Text collected over more than half
 * a window is cut after its last white space, so that words arrive whole; the rest opens the next window.
 */
export function unitsDue(state: PacingState, waiting: Waiting, now: number): number {
  if (waiting.text === '' || now < dueAt(state, waiting)) return 0;
  const fitting = fittingUnits(waiting.text, MAX_BATCH_BYTES);
  if (fitting < waiting.text.length) return fitting;
  if (waiting.isFinal) return waiting.text.length;
  const window = windowAfter(state.windows, state.batches);
  if (window === 0 || now - waiting.since <= window / 2) return waiting.text.length;
  return lastWordBoundary(waiting.text) || waiting.text.length;
}

/** Records a batch that left; `nextWithinMs` is what it announces. */
export function batchSent(state: PacingState, now: number): { state: PacingState; nextWithinMs: number } {
  const batches = state.batches + 1;
  return {
    state: { windows: state.windows, batches, lastAt: now },
    nextWithinMs: windowAfter(state.windows, batches),
  };
}
