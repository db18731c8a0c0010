import type { Context } from '@aws-appsync/utils';
import { fail, failInternal } from './caller.ts';

/**
 * What a query with a wrong token fails with: AppSync, which decodes tokens itself, with UserIllegalArgumentException
 * (https://github.com/aws-amplify/amplify-cli/issues/3411) or MappingTemplate; DynamoDB, for the key of another query, with
 * ValidationException. Anything else, throttling above all, is not the token's fault and worth a repeat.
 */
const WRONG_TOKEN = [
  'DynamoDB:UserIllegalArgumentException',
  'DynamoDB:ValidationException',
  'MappingTemplate',
];

/** A page of a listing; INVALID_INPUT when the query failed because of the token it was given. */
export function pageOf(ctx: Context, step: string, nextToken: string | null | undefined) {
  const isTokenGiven = nextToken !== undefined && nextToken !== null;
  if (ctx.error && isTokenGiven && WRONG_TOKEN.indexOf(ctx.error.type) >= 0) fail('INVALID_INPUT');
  if (ctx.error) failInternal(step, ctx.error);
  const result = ctx.result as { items?: unknown[]; nextToken?: string | null } | null;
  return { items: result?.items ?? [], nextToken: result?.nextToken ?? null };
}
