import { describe, expect, it } from 'vitest';
import { Answer } from '../../../functions/generation/answer.ts';
import { attemptFacts, receipt, type Ending } from '../../../functions/generation/receipt.ts';
import { NOW, seededChat, streaming } from '../chat-fixture.ts';

const CANCELLED: Ending = { status: 'CANCELLED', reason: 'CANCELLED' };
const at = (ms: number) => new Date(NOW + ms).toISOString();

/** The receipt of an answer that ends 1 s after `NOW`, with 8 bytes that came 200 ms before the end. */
function receiptOf(cancelRequestedAt: string | null, ending = CANCELLED) {
  const message = { ...streaming(seededChat()), cancelRequestedAt };
  const answer = new Answer({ text: '', reasoning: '' });
  answer.append('REASONING', 'early', NOW + 100);
  answer.append('TEXT', 'late', NOW + 800);
  answer.append('REASONING', 'also', NOW + 800);
  const counts = { publishes: 1, publishFailures: 0, logged: 1 };
  const figures = { answer, pump: { counts }, usage: null, model: null, firstTokenAt: NOW + 100 };
  return receipt(message, ending, attemptFacts(figures, NOW + 1_000));
}

describe('what a receipt tells of a cancel', () => {
  it('is when it was requested, how long it took, and what came meanwhile', () => {
    expect(receiptOf(at(500)).cancel).toEqual({
      requestedAt: at(500),
      latencyMs: 500,
      tokensAfterCancel: 2,
    });
    expect(receiptOf(at(100)).cancel).toMatchObject({ tokensAfterCancel: 2 });
    expect(receiptOf(at(99)).cancel).toMatchObject({ tokensAfterCancel: 4 });
  });

  it('is never less than nothing when the clocks disagree', () => {
    expect(receiptOf(at(5_000)).cancel).toMatchObject({ latencyMs: 0, tokensAfterCancel: 0 });
  });

  it('leaves the count open where nobody counted', () => {
    const message = { ...streaming(seededChat()), cancelRequestedAt: at(0) };
    const facts = {
      ...{ length: 0, sha256: '', reasoningLength: 0, usage: null, transport: null, model: null },
      ...{ firstTokenAt: undefined, endedAt: NOW + 70 },
    };

    expect(receipt(message, CANCELLED, facts).cancel).toEqual({
      requestedAt: at(0),
      latencyMs: 70,
      tokensAfterCancel: null,
    });
  });

  it('is nothing for any other ending, or when the time of the request is not known', () => {
    expect(receiptOf(at(500), { status: 'COMPLETE', reason: 'STOP' }).cancel).toBeNull();
    expect(receiptOf(null).cancel).toBeNull();
    expect(receiptOf('no time').cancel).toBeNull();
  });
});

describe('Answer.tokensAfter', () => {
  it('counts a minute back', () => {
    const answer = new Answer({ text: 'stored', reasoning: '' });
    for (let second = 0; second < 120; second += 1) answer.append('TEXT', 'four', NOW + second * 1_000);

    expect(answer.tokensAfter(NOW + 110_000)).toBe(9);
    expect(answer.tokensAfter(0)).toBe(61);
  });
});
