import type { Context } from '@aws-appsync/utils';
import { isSameRequest, type RequestItem } from '../protocol/items.ts';
import { IF_ABSENT } from '../protocol/writes.ts';
import { fail, failInternal, stashOf } from './caller.ts';
import { conditionFailed, putItem, storedItem } from './table-requests.ts';

/**
 * The first write of a send or regenerate: whoever puts the request item first decides the ids of every repeat (I5). Its
 * ULID makes it unique, because AppSync takes a put of an equal item for a success.
 */
export function request(ctx: Context) {
  return putItem(stashOf(ctx).request, IF_ABSENT);
}

export function response(ctx: Context) {
  const stash = stashOf(ctx);
  stash.deduplicated = false;
  if (!ctx.error) return null;
  const stored = storedItem<RequestItem>(ctx);
  if (!conditionFailed(ctx) || !stored) return failInternal('claimRequest', ctx.error);
  if (!isSameRequest(stored, stash.request)) fail('CONFLICT');
  stash.request = stored;
  stash.deduplicated = true;
  return null;
}
