import { setTimeout as delay } from 'node:timers/promises';

/** First and longest wait between repeats of a write with unknown outcome. */
const FIRST_WAIT_MS = 50;
const LONGEST_WAIT_MS = 1_000;

/** Errors that say for certain that a write did not happen and will not: repeating it cannot help. */
function isDefinite(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
  const isThrottled = /Throttl|ProvisionedThroughput|LimitExceeded/.test(error.name);
  return status !== undefined && status >= 400 && status < 500 && !isThrottled;
}

/**
 * Repeats a write until its outcome is known: success, a refusal (both returned), or an error DynamoDB itself gives for
 * the request (thrown). Gives up with the last error as soon as `signal` aborts. The write must be harmless when repeated.
 */
export async function untilKnown<Result>(
  write: () => Promise<Result>,
  signal?: AbortSignal,
): Promise<Result> {
  for (let wait = FIRST_WAIT_MS; ; wait = Math.min(wait * 2, LONGEST_WAIT_MS)) {
    try {
      return await write();
    } catch (error) {
      if (isDefinite(error) || signal?.aborted) throw error;
      await delay(wait, undefined, { signal }).catch(() => undefined);
      if (signal?.aborted) throw error;
    }
  }
}
