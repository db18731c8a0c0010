import type { Context } from '@aws-appsync/utils';
import { flagRequest, flagResponse } from './cancel-flag.ts';

export function request(ctx: Context) {
  return flagRequest(ctx);
}

export function response(ctx: Context) {
  flagResponse(ctx, 'flagStreaming');
  return null;
}
