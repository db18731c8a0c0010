import type { Context } from '@aws-appsync/utils';
import type { QueryMessageStateArgs } from '../protocol/generated/schema-types.ts';
import { addStoredPart, readStoredPart, storedPart } from './stored-part.ts';

export function request(ctx: Context<QueryMessageStateArgs>) {
  return readStoredPart(ctx, storedPart(ctx, 'TEXT', ctx.args.fromOffset));
}

export function response(ctx: Context<QueryMessageStateArgs>) {
  addStoredPart(ctx, storedPart(ctx, 'TEXT', ctx.args.fromOffset));
  return null;
}
