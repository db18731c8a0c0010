/** What the figures of a bench are made of: nearest-rank percentiles of one sample. */
export interface Summary {
  readonly count: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

/**
 * The nearest-rank percentile: the smallest value that at least `share` of the sample does not exceed, always a value that
 * was measured. Throws for an empty sample and for a share outside (0, 1].
 */
export function percentile(sample: readonly number[], share: number): number {
  if (!(share > 0 && share <= 1)) throw new RangeError(`A share is above 0 and at most 1, not ${share}`);
  const sorted = sample.toSorted((a, b) => a - b);
  const value = sorted[Math.ceil(share * sorted.length) - 1];
  if (value === undefined) throw new RangeError('An empty sample has no percentile');
  return value;
}

/** The median by nearest rank (the lower of two middle values). Throws for an empty sample. */
export function median(sample: readonly number[]): number {
  return percentile(sample, 0.5);
}

/** All figures of one sample. Throws for an empty sample. */
export function summarize(sample: readonly number[]): Summary {
  return {
    count: sample.length,
    p50: median(sample),
    p95: percentile(sample, 0.95),
    p99: percentile(sample, 0.99),
    max: percentile(sample, 1),
  };
}
