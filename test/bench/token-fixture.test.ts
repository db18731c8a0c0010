import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { FixtureError, fixtureTokens, TokenArrivals } from '../../bench/token-fixture.ts';

const tokens = fixtureTokens(4);
const text = 'w1 w2 w3 w4 ';
const whole = { length: text.length, sha256: createHash('sha256').update(text).digest('hex') };

/** Arrivals of the whole fixture, token by token, at 10, 20, 30 and 40. */
function complete(): TokenArrivals {
  const arrivals = new TokenArrivals(tokens);
  for (const [index, token] of tokens.entries()) arrivals.add(index * 3, token, (index + 1) * 10);
  return arrivals;
}

describe('fixtureTokens', () => {
  it('gives as many tokens as asked for, no two alike', () => {
    expect(fixtureTokens(250)).toHaveLength(250);
    expect(new Set(fixtureTokens(250)).size).toBe(250);
    expect(tokens.join('')).toBe(text);
  });
});

describe('TokenArrivals', () => {
  it('takes the latency of each token from its own sending', () => {
    const arrivals = complete();
    arrivals.end(whole);

    expect(arrivals.latencies([1, 12, 23, 34])).toEqual([9, 8, 7, 6]);
    expect(arrivals.batches).toBe(4);
  });

  it('counts tokens that share a batch one by one', () => {
    const arrivals = new TokenArrivals(tokens);
    arrivals.add(0, 'w1 ', 10);
    arrivals.add(3, 'w2 w3 w', 40);
    expect(arrivals.tokens).toBe(3);
    arrivals.add(10, '4 ', 50);

    expect(arrivals.latencies([0, 10, 20, 30])).toEqual([10, 30, 20, 20]);
    expect(arrivals.batches).toBe(3);
  });

  it.each([
    ['lost', 3, 'w3 '],
    ['repeated', 0, 'w1 '],
    ['swapped', 6, 'w3 '],
    ['altered', 3, 'x2 '],
    ['empty', 3, ''],
  ])('refuses text that is %s', (_name, offset, piece) => {
    const arrivals = new TokenArrivals(tokens);
    arrivals.add(0, 'w1 ', 10);

    expect(() => arrivals.add(offset, piece, 20)).toThrow(FixtureError);
  });

  it('refuses text beyond the fixture', () => {
    expect(() => complete().add(12, 'w5 ', 50)).toThrow(FixtureError);
  });

  it('refuses an END before the last token', () => {
    const arrivals = new TokenArrivals(tokens);
    arrivals.add(0, 'w1 w2 w3 ', 10);

    expect(() => arrivals.end(whole)).toThrow('END came after 9 of 12 units');
  });

  it('refuses an END that describes another text', () => {
    expect(() => complete().end({ ...whole, length: 11 })).toThrow(FixtureError);
    expect(() => complete().end({ ...whole, sha256: '0'.repeat(64) })).toThrow(FixtureError);
  });

  it('gives no latencies when a token was not sent or did not arrive', () => {
    const partial = new TokenArrivals(tokens);
    partial.add(0, 'w1 w2 w3 w4', 10);

    expect(() => partial.latencies([1, 2, 3, 4])).toThrow('Of 4 tokens 4 were sent and 3 arrived');
    expect(() => complete().latencies([1, 2, 3])).toThrow(FixtureError);
    expect(() => complete().latencies([1, 2, 3, 4, 5])).toThrow(FixtureError);
  });

  it('refuses an arrival before the sending: two clocks', () => {
    expect(() => complete().latencies([1, 12, 31, 34])).toThrow('Token 2 arrived before it was sent');
  });
});
