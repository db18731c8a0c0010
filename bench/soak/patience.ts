/**
 * How long an answer may take to its end while everything goes wrong: a lost invocation is only found after a minute, and what finds it may
 * be lost as well.
 */
export const TERMINAL_WITHIN_MS = 240_000;
/** A request that is repeated until it is answered. */
export const REQUEST_WITHIN_MS = 120_000;
/** Everybody shows what is stored once nothing runs any more. */
export const CONVERGE_WITHIN_MS = 90_000;
