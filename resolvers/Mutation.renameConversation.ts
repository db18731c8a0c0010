import type { Context } from '@aws-appsync/utils';
import type { MutationRenameConversationArgs } from '../protocol/generated/schema-types.ts';
import { isId } from '../protocol/ids.ts';
import type { ConversationItem } from '../protocol/items.ts';
import { conversationKey, listingSort } from '../protocol/keys.ts';
import { titleProblem } from '../protocol/validation.ts';
import { assign } from '../protocol/writes.ts';
import { begin, fail, failInternal } from './caller.ts';
import { conditionFailed, storedItem, updateItem } from './table-requests.ts';

/** Sets the title of a conversation that exists and is not deleted. */
export function request(ctx: Context<MutationRenameConversationArgs>) {
  const stash = begin(ctx);
  const id = ctx.args.id;
  if (!isId(id) || titleProblem(ctx.args.title)) fail('INVALID_INPUT');
  return updateItem({
    key: conversationKey(stash.owner, id),
    update: assign({
      title: ctx.args.title,
      updatedAt: stash.nowIso,
      listSort: listingSort(stash.nowIso, id),
    }),
    condition: {
      expression: 'attribute_exists(#pk) AND attribute_not_exists(#deletedAt)',
      names: { '#pk': 'pk', '#deletedAt': 'deletedAt' },
      values: {},
    },
  });
}

export function response(ctx: Context) {
  if (conditionFailed(ctx)) fail('NOT_FOUND');
  if (ctx.error) failInternal('renameConversation', ctx.error);
  return storedItem<ConversationItem>(ctx);
}
