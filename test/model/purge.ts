import { range, remove, type Rule } from '../../functions/rules/operations.ts';
import { PURGED_PREFIXES, type Key } from '../../protocol/keys.ts';

/** One pass of functions/purge/purge.ts in its order: message items first. */
export function* purgeOnce(pk: string): Rule<void> {
  for (const prefix of PURGED_PREFIXES) {
    const keys = yield* range<Key>('purge.range', { pk, from: prefix, to: `${prefix}~` });
    for (const key of keys) yield* remove('purge.remove', key);
  }
}
