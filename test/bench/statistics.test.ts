import { describe, expect, it } from 'vitest';
import { median, percentile, summarize } from '../../bench/statistics.ts';

const oneToHundred = Array.from({ length: 100 }, (_, index) => 100 - index);

describe('percentile', () => {
  it('is the smallest measured value that the share does not exceed', () => {
    expect([0.01, 0.5, 0.95, 0.99, 1].map((share) => percentile(oneToHundred, share))).toEqual([
      1, 50, 95, 99, 100,
    ]);
    expect(percentile([10, 20, 30], 0.34)).toBe(20);
  });

  it('sorts by number and leaves the sample as it was', () => {
    const sample = [10, 9, 100];

    expect(percentile(sample, 1)).toBe(100);
    expect(sample).toEqual([10, 9, 100]);
  });

  it.each([0, -0.5, 1.01, Number.NaN])('refuses the share %s', (share) => {
    expect(() => percentile([1], share)).toThrow(RangeError);
  });

  it('refuses an empty sample', () => {
    expect(() => percentile([], 0.5)).toThrow('An empty sample');
  });
});

describe('median', () => {
  it('is the middle value, the lower of two', () => {
    expect([median([3, 1, 2]), median([4, 1, 3, 2])]).toEqual([2, 2]);
  });
});

describe('summarize', () => {
  it('gives count, percentiles and maximum', () => {
    expect(summarize(oneToHundred)).toEqual({ count: 100, p50: 50, p95: 95, p99: 99, max: 100 });
  });
});
