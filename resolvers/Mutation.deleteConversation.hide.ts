import type { Context } from '@aws-appsync/utils';
import { conversationKey } from '../protocol/keys.ts';
import { fail, failInternal, stashOf } from './caller.ts';
import { conditionFailed, updateItem } from './table-requests.ts';

/** Makes the conversation a tombstone and takes it out of the listing. */
export function request(ctx: Context) {
  const stash = stashOf(ctx);
  return updateItem({
    key: conversationKey(stash.owner, stash.conversationId),
    update: {
      expression:
        'SET #deletedAt = if_not_exists(#deletedAt, :now) REMOVE #listOwner, #listSort, #title, #lastMessageId',
      names: {
        '#deletedAt': 'deletedAt',
        '#listOwner': 'listOwner',
        '#listSort': 'listSort',
        '#title': 'title',
        '#lastMessageId': 'lastMessageId',
      },
      values: { ':now': stash.nowIso },
    },
    condition: { expression: 'attribute_exists(#pk)', names: { '#pk': 'pk' }, values: {} },
  });
}

export function response(ctx: Context) {
  if (conditionFailed(ctx)) fail('NOT_FOUND');
  if (ctx.error) failInternal('hide', ctx.error);
  return null;
}
