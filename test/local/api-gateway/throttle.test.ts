import { describe, expect, it } from 'vitest';

import { createThrottle } from '../../../local/api-gateway/throttle.ts';

describe('createThrottle', () => {
  it('lets a burst pass, then as many as the rate refills', () => {
    let now = 0;
    const mayPass = createThrottle({ ratePerSecond: 10, burst: 3 }, () => now);
    const passed = (tries: number) => Array.from({ length: tries }, () => mayPass()).filter(Boolean).length;

    expect(passed(5)).toBe(3);
    now = 99;
    expect(passed(1)).toBe(0);
    now = 200;
    expect(passed(5)).toBe(2);
    now = 60_000;
    expect(passed(5)).toBe(3);
  });
});
