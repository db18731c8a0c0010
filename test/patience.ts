import { vi } from 'vitest';

/**
 * `vi.waitFor` gives up after a second unless told otherwise, which a machine that is busy with other tests takes now and then.
 * What it waits for is the same. (`expect.poll` has its time in vitest.config.ts.)
 */
const PATIENCE_MS = 15_000;

const { waitFor } = vi;
vi.waitFor = (callback, options = {}) =>
  waitFor(callback, {
    timeout: PATIENCE_MS,
    ...(typeof options === 'number' ? { timeout: options } : options),
  });
