import { extensions, type Context } from '@aws-appsync/utils';
import type { SubscriptionOnTokensArgs } from '../protocol/generated/schema-types.ts';
import { isId } from '../protocol/ids.ts';
import { begin, fail, stashOf } from './caller.ts';

/**
 * Subscribes to the caller's own conversation, whether it exists or not: the filter holds the owner, so a foreign or
 * absent conversation is silent (I8) and no database read is needed.
 */
export function request(ctx: Context<SubscriptionOnTokensArgs>) {
  begin(ctx);
  const messageId = ctx.args.messageId;
  const namesMessage = messageId !== undefined && messageId !== null;
  if (!isId(ctx.args.conversationId) || (namesMessage && !isId(messageId))) fail('INVALID_INPUT');
  return { payload: null };
}

export function response(ctx: Context<SubscriptionOnTokensArgs>) {
  const filters = [
    { fieldName: 'owner', operator: 'eq' as const, value: stashOf(ctx).owner },
    { fieldName: 'conversationId', operator: 'eq' as const, value: ctx.args.conversationId },
  ];
  if (ctx.args.messageId)
    filters.push({ fieldName: 'messageId', operator: 'eq' as const, value: ctx.args.messageId });
  extensions.setSubscriptionFilter({ filterGroup: [{ filters }] });
  return null;
}
