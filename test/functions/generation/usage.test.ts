import { describe, expect, it } from 'vitest';
import { addUsage, estimateTokens, estimateUsage } from '../../../functions/generation/usage.ts';
import type { Usage } from '../../../protocol/generated/schema-types.ts';

const usage = (values: Partial<Usage>): Usage => ({
  inputTokens: 1,
  outputTokens: 2,
  cachedInputTokens: null,
  reasoningTokens: null,
  source: 'PROVIDER',
  costUsd: null,
  ...values,
});

describe('estimates', () => {
  it('count four UTF-8 bytes a token, rounded up', () => {
    expect(['', 'a', 'abcd', 'abcde', '😀'].map(estimateTokens)).toEqual([0, 1, 1, 2, 1]);
  });

  it('add what a chat format puts around each message', () => {
    const messages = [
      { role: 'user' as const, content: 'abcd' },
      { role: 'assistant' as const, content: '' },
    ];

    expect(estimateUsage(messages, 'abcdefgh')).toEqual(
      usage({ inputTokens: 9, outputTokens: 2, source: 'ESTIMATED' }),
    );
  });
});

describe('addUsage', () => {
  it.each([[null], [undefined]])('is the new usage when earlier attempts used %s', (earlier) => {
    expect(addUsage(earlier, usage({}))).toEqual(usage({}));
  });

  it('adds, and counts null as nothing only where the other side knows', () => {
    const sum = addUsage(
      usage({ cachedInputTokens: 3, costUsd: 0.5 }),
      usage({ cachedInputTokens: 4, reasoningTokens: 5 }),
    );

    expect(sum).toEqual(
      usage({ inputTokens: 2, outputTokens: 4, cachedInputTokens: 7, reasoningTokens: 5, costUsd: 0.5 }),
    );
  });

  it('is an estimate when one of both is', () => {
    expect(addUsage(usage({ source: 'ESTIMATED' }), usage({})).source).toBe('ESTIMATED');
    expect(addUsage(usage({}), usage({ source: 'ESTIMATED' })).source).toBe('ESTIMATED');
  });
});
