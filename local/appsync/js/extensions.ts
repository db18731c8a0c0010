import { EarlyReturnSignal, isRecord, objectArgument, stringArgument } from './outcome.ts';
import type { Builtin, HandlerCall } from './outcome.ts';

/** Most distinct `extensions.invalidateSubscriptions` calls per request (AppSync quota). */
const MAX_INVALIDATIONS = 5;

/**
 * `extensions` and `runtime`. The subscription extensions fail outside the response handler of the operation type that AWS documents
 * for them. Of repeated filters the last one counts; equal invalidations count once.
 */
export function extensionBuiltins(call: () => HandlerCall): Record<string, Builtin> {
  const responseOf = (builtin: string, parentTypeName: 'Subscription' | 'Mutation'): HandlerCall => {
    const current = call();
    const { info } = current.context;
    if (current.handler !== 'response' || info.parentTypeName !== parentTypeName) {
      throw new TypeError(`${builtin} works only in the response handler of a ${parentTypeName} field`);
    }
    return current;
  };
  const filterArgument = (builtin: string, value: unknown): Record<string, unknown> => {
    const filter = objectArgument(builtin, value);
    if (!Array.isArray(filter.filterGroup)) throw new TypeError(`${builtin} expects { filterGroup: [...] }`);
    return filter;
  };
  return {
    'extensions.setSubscriptionFilter': (filter) => {
      const name = 'extensions.setSubscriptionFilter';
      responseOf(name, 'Subscription').outcome.subscriptionFilter = filterArgument(name, filter);
    },
    'extensions.setSubscriptionInvalidationFilter': (filter) => {
      const name = 'extensions.setSubscriptionInvalidationFilter';
      responseOf(name, 'Subscription').outcome.invalidationFilter = filterArgument(name, filter);
    },
    'extensions.invalidateSubscriptions': (invalidation) => {
      const name = 'extensions.invalidateSubscriptions';
      const { invalidations } = responseOf(name, 'Mutation').outcome;
      const { subscriptionField, payload } = objectArgument(name, invalidation);
      stringArgument(`${name} subscriptionField`, subscriptionField);
      objectArgument(`${name} payload`, payload);
      const text = JSON.stringify(invalidation);
      if (invalidations.some((known) => JSON.stringify(known) === text)) return;
      if (invalidations.length >= MAX_INVALIDATIONS) {
        throw new RangeError(`${name} may be called with at most ${MAX_INVALIDATIONS} different values`);
      }
      invalidations.push(invalidation);
    },
    'runtime.earlyReturn': (value, options) => {
      const skipTo = isRecord(options) ? options.skipTo : undefined;
      if (skipTo !== undefined && skipTo !== 'END' && skipTo !== 'NEXT') {
        throw new TypeError(`runtime.earlyReturn has no skipTo ${JSON.stringify(skipTo)}`);
      }
      throw new EarlyReturnSignal({ value: value ?? null, skipTo: skipTo ?? 'NEXT' });
    },
  };
}
