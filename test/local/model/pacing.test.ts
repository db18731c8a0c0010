import { describe, expect, it } from 'vitest';
import { paced, type PacingClock } from '../../../local/model/pacing.ts';

function fakeClock({ timerLatenessMs = 0 } = {}) {
  let nowMs = 0;
  const clock: PacingClock & { advance(ms: number): void } = {
    now: () => nowMs,
    wait: (ms) => {
      nowMs += ms + timerLatenessMs;
      return Promise.resolve();
    },
    yieldToIo: () => Promise.resolve(),
    advance: (ms) => {
      nowMs += ms;
    },
  };
  return clock;
}

async function timesOf(
  clock: PacingClock,
  tokensPerSecond: number | undefined,
  onToken: (index: number) => void = () => undefined,
) {
  const times: number[] = [];
  for await (const token of paced(
    ['a', 'b', 'c', 'd', 'e'],
    tokensPerSecond,
    clock,
    new AbortController().signal,
  )) {
    times.push(clock.now());
    onToken(token.charCodeAt(0) - 97);
  }
  return times;
}

describe('paced', () => {
  it('gives the first token at once and the others at the rate', async () => {
    expect(await timesOf(fakeClock(), 20)).toEqual([0, 50, 100, 150, 200]);
  });

  it('does not add up the lateness of timers', async () => {
    expect(await timesOf(fakeClock({ timerLatenessMs: 3 }), 20)).toEqual([0, 53, 103, 153, 203]);
  });

  it('gives overdue tokens without pause after a slow consumer', async () => {
    const clock = fakeClock();

    const times = await timesOf(clock, 20, (index) => {
      if (index === 0) clock.advance(120);
    });

    expect(times).toEqual([0, 120, 120, 150, 200]);
  });

  it('waits for nothing without a rate', async () => {
    expect(await timesOf(fakeClock(), undefined)).toEqual([0, 0, 0, 0, 0]);
  });

  it('gives nothing after the signal aborted', async () => {
    const left = new AbortController();
    const given: string[] = [];

    for await (const token of paced(['a', 'b', 'c'], 20, fakeClock(), left.signal)) {
      given.push(token);
      if (token === 'b') left.abort();
    }

    expect(given).toEqual(['a', 'b']);
  });
});
