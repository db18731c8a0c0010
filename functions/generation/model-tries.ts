/** Which model is asked next when one failed before it wrote anything. Pure: the time left is an argument. */
import type { ChatError } from '../../protocol/errors.ts';

/** How long a retry waits when the model names no time. */
export const RETRY_WAIT_MS = 250;
/** A model that asks for a longer wait is left for the next one, as long as there is one. */
export const PATIENCE_BEFORE_FALLBACK_MS = 2_000;

/** Whom a run asks now, and what it may still do. */
export interface ModelTries {
  readonly model: string;
  /** Models not asked yet, in order. */
  readonly fallbacks: readonly string[];
  /** A run repeats one request, once. */
  readonly hasRetried: boolean;
}

/** The first request of a run goes to the requested model; the others are kept for its failure. */
export function firstTry(model: string, fallbackModels: readonly string[]): ModelTries {
  return { model, fallbacks: fallbackModels.filter((name) => name !== model), hasRetried: false };
}

/**
 * The next request after a failure and how long it waits; undefined when the failure stands. Only what is retryable is
 * followed by anything. The same model is asked once more, after the time it named, when that is short or no other is left;
 * otherwise the next model is asked at once. A wait that does not fit into the time left is never begun.
 */
export function nextTry(
  tries: ModelTries,
  failure: Pick<ChatError, 'retryable' | 'retryAfterMs'>,
  timeLeftMs: number,
): { readonly tries: ModelTries; readonly waitMs: number } | undefined {
  if (!failure.retryable) return undefined;
  const waitMs = failure.retryAfterMs ?? RETRY_WAIT_MS;
  const [next, ...rest] = tries.fallbacks;
  const isPatient = waitMs <= PATIENCE_BEFORE_FALLBACK_MS || next === undefined;
  if (!tries.hasRetried && isPatient && waitMs < timeLeftMs)
    return { tries: { ...tries, hasRetried: true }, waitMs };
  if (next === undefined) return undefined;
  return { tries: { ...tries, model: next, fallbacks: rest }, waitMs: 0 };
}
