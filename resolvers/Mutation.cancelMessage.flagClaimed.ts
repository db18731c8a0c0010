import { runtime, type Context } from '@aws-appsync/utils';
import { failInternal, stashOf } from './caller.ts';
import { flagRequest, flagResponse } from './cancel-flag.ts';

/** A worker claimed the answer between the first look and the second write: flag it now. */
export function request(ctx: Context) {
  const message = stashOf(ctx).message;
  const isOpen = message.status === 'PENDING' || message.status === 'STREAMING';
  if (!isOpen || message.cancelRequestedAt) return runtime.earlyReturn(null);
  return flagRequest(ctx);
}

export function response(ctx: Context) {
  const stored = flagResponse(ctx, 'flagClaimed');
  if (stored.status === 'PENDING')
    failInternal('flagClaimed', { type: 'Race', message: 'handed over meanwhile' });
  return null;
}
