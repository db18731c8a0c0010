import { describe, expect, it } from 'vitest';
import { addUsage, estimateTokens, estimateUsage, usageOfRun } from '../../../functions/generation/usage.ts';
import type { Usage } from '../../../protocol/generated/schema-types.ts';
import { NO_USAGE } from '../../../protocol/items.ts';

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

describe('usageOfRun', () => {
  const messages = [{ role: 'user' as const, content: 'abcd' }];
  const run = { wasAsked: true, messages, written: 'abcdefgh', counted: undefined, failure: undefined };
  const estimate = usage({ inputTokens: 5, outputTokens: 2, source: 'ESTIMATED' });

  it('is the provider’s count, or an estimate without one', () => {
    expect(usageOfRun(null, { ...run, counted: usage({}) })).toEqual(usage({}));
    expect(usageOfRun(null, run)).toEqual(estimate);
  });

  it('adds to what earlier attempts used', () => {
    expect(usageOfRun(usage({}), run)).toMatchObject({
      inputTokens: 6,
      outputTokens: 4,
      source: 'ESTIMATED',
    });
  });

  it.each([
    ['no model was asked', { wasAsked: false, written: '' }],
    ['the model refused', { written: '', failure: 'UPSTREAM_RATE_LIMITED' as const }],
  ])('adds nothing when %s', (_name, figures) => {
    expect(usageOfRun(undefined, { ...run, ...figures })).toEqual(NO_USAGE);
    expect(usageOfRun(usage({}), { ...run, ...figures })).toEqual(usage({}));
  });

  it('counts a model that failed otherwise, or after it had written', () => {
    expect(usageOfRun(null, { ...run, failure: 'UPSTREAM_REJECTED' })).toEqual(estimate);
    expect(usageOfRun(null, { ...run, written: '', failure: 'UPSTREAM_TIMEOUT' })).toMatchObject({
      inputTokens: 5,
      outputTokens: 0,
    });
  });
});
