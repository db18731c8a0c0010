import type { Context } from '@aws-appsync/utils';
import { fail, failInternal } from './caller.ts';

/** A page of a listing. AppSync itself decodes `nextToken`, so a query that fails with one given had a wrong one. */
export function pageOf(ctx: Context, step: string, nextToken: string | null | undefined) {
  if (ctx.error && nextToken && ctx.error.type.indexOf('AccessDenied') < 0) fail('INVALID_INPUT');
  if (ctx.error) failInternal(step, ctx.error);
  const result = ctx.result as { items?: unknown[]; nextToken?: string | null } | null;
  return { items: result?.items ?? [], nextToken: result?.nextToken ?? null };
}
