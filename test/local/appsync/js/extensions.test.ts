import { describe, expect, it } from 'vitest';
import { contextWith, runBody, runResponseBody } from './handlers.ts';

describe('runtime.earlyReturn', () => {
  it.each([
    ['runtime.earlyReturn()', { value: null, skipTo: 'NEXT' }],
    ['runtime.earlyReturn({ a: 1 })', { value: { a: 1 }, skipTo: 'NEXT' }],
    ["runtime.earlyReturn(1, { skipTo: 'END' })", { value: 1, skipTo: 'END' }],
    ["runtime.earlyReturn(1, { skipTo: 'NEXT' })", { value: 1, skipTo: 'NEXT' }],
  ])('ends the call: %s', (statement, earlyReturn) => {
    const outcome = runBody(`ctx.stash.a = 1; ${statement}; ctx.stash.b = 1; return 5;`);

    expect(outcome).toMatchObject({ result: null, earlyReturn, stash: { a: 1 } });
    expect(outcome.error).toBeUndefined();
    expect(outcome.stash).not.toHaveProperty('b');
  });

  it('refuses any other skipTo', () => {
    expect(runBody("runtime.earlyReturn(1, { skipTo: 'LATER' });").error?.message).toMatch('skipTo "LATER"');
  });
});

describe('extensions', () => {
  const onSubscription = { info: { ...contextWith().info, parentTypeName: 'Subscription' } };
  const onMutation = { info: { ...contextWith().info, parentTypeName: 'Mutation' } };
  const filter = { filterGroup: [{ filters: [{ fieldName: 'a', operator: 'eq', value: 1 }] }] };

  it('hands over subscription and invalidation filters', () => {
    const text = JSON.stringify(filter);
    const outcome = runResponseBody(
      `extensions.setSubscriptionFilter(${text}); extensions.setSubscriptionInvalidationFilter(${text}); return null;`,
      onSubscription,
    );

    expect(outcome).toMatchObject({ subscriptionFilter: filter, invalidationFilter: filter, result: null });
  });

  it.each(['setSubscriptionFilter', 'setSubscriptionInvalidationFilter'])(
    'refuses %s outside a subscription response, and without a filterGroup',
    (name) => {
      const statement = `extensions.${name}(${JSON.stringify(filter)});`;

      expect(runBody(statement, onSubscription).error?.message).toMatch('only in the response handler');
      expect(runResponseBody(statement, onMutation).error?.message).toMatch('of a Subscription field');
      expect(runResponseBody(`extensions.${name}({});`, onSubscription).error?.message).toMatch(
        'filterGroup',
      );
      expect(runResponseBody(`extensions.${name}(null);`, onSubscription).error?.message).toMatch('object');
    },
  );

  it('collects distinct invalidations, at most five', () => {
    const invalidate = (owner: number): string =>
      `extensions.invalidateSubscriptions({ subscriptionField: 'onBatch', payload: { owner: ${owner} } });`;
    const five = [1, 1, 2, 3, 4, 5].map(invalidate).join('');

    expect(runResponseBody(five, onMutation).invalidations).toHaveLength(5);
    expect(runResponseBody(five + invalidate(6), onMutation).error?.message).toMatch('at most 5');
    expect(runResponseBody(invalidate(1), onSubscription).error?.message).toMatch('of a Mutation field');
  });
});
