import { describe, expect, it } from 'vitest';
import { untilKnown } from '../../../functions/table/persist.ts';
import { definiteError, LostAnswer } from '../memory-table.ts';

const failing = (errors: Error[]) => {
  let calls = 0;
  const write = () => {
    calls += 1;
    const error = errors.shift();
    return error ? Promise.reject(error) : Promise.resolve('known');
  };
  return { write, calls: () => calls };
};

describe('untilKnown', () => {
  it('repeats a write whose outcome is unknown until it is known', async () => {
    const { write, calls } = failing([new LostAnswer(), new LostAnswer()]);

    expect(await untilKnown(write)).toBe('known');
    expect(calls()).toBe(3);
  });

  it.each(['ThrottlingException', 'ProvisionedThroughputExceededException', 'RequestLimitExceeded'])(
    'repeats after %s',
    async (name) => {
      const { write, calls } = failing([definiteError(name)]);

      expect(await untilKnown(write)).toBe('known');
      expect(calls()).toBe(2);
    },
  );

  it('throws what DynamoDB says for certain at once', async () => {
    const { write, calls } = failing([definiteError()]);

    await expect(untilKnown(write)).rejects.toThrow('refused by DynamoDB');
    expect(calls()).toBe(1);
  });

  it('stops repeating as soon as its signal aborts, also while it waits', async () => {
    const stop = new AbortController();
    const startedAt = performance.now();
    let calls = 0;
    const lost = untilKnown(() => {
      calls += 1;
      if (calls === 5) setImmediate(() => stop.abort());
      return Promise.reject(new LostAnswer('unknown'));
    }, stop.signal);

    await expect(lost).rejects.toThrow('unknown');
    expect(calls).toBe(5);
    // Waits before the fifth call add up to 750 ms; the one after it would be 800 ms.
    expect(performance.now() - startedAt).toBeLessThan(1_300);
  });
});
