/**
 * A token bucket: `burst` requests at once, refilled at the rate. Answers whether the next request may pass.
 */
export function createThrottle(
  { ratePerSecond, burst }: { readonly ratePerSecond: number; readonly burst: number },
  now: () => number,
): () => boolean {
  let tokens = burst;
  let filledAt = now();
  return () => {
    const at = now();
    tokens = Math.min(burst, tokens + ((at - filledAt) / 1000) * ratePerSecond);
    filledAt = at;
    if (tokens < 1) return false;
    tokens -= 1;
    return true;
  };
}
