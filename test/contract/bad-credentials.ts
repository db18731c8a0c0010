import { createIssuer } from '../../local/issuer/index.ts';
import type { LocalStack } from '../../local/stack.ts';

/** What names a token that must be refused, and how to get one. */
export type BadToken = readonly [name: string, make: (stack: LocalStack) => Promise<string>];

function poolOf(stack: LocalStack) {
  const [pool] = stack.model.userPools;
  if (!pool) throw new Error('The template has no user pool');
  return pool;
}

/** A token with every claim right that another key signed. */
async function foreignIssuerToken(stack: LocalStack): Promise<string> {
  const pool = poolOf(stack);
  const foreign = await createIssuer({ poolId: pool.id, clientIds: pool.clientIds });
  return foreign.issueAccessToken({
    user: 'alice',
    issuer: pool.providerUrl,
    clientId: pool.clientIds[0] ?? '',
  });
}

/** A token of the right key whose issuer is another one. */
async function otherIssuerToken(stack: LocalStack): Promise<string> {
  const pool = poolOf(stack);
  return stack.issuer.issueAccessToken({
    user: 'alice',
    issuer: 'https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Elsewhere',
    clientId: pool.clientIds[0] ?? '',
  });
}

/** A valid token with its subject changed and its signature kept. */
async function tamperedToken(stack: LocalStack): Promise<string> {
  const [head, body, signature] = (await stack.token('alice')).split('.');
  const claims = JSON.parse(Buffer.from(body ?? '', 'base64url').toString()) as Record<string, unknown>;
  const forged = Buffer.from(JSON.stringify({ ...claims, sub: 'bob' })).toString('base64url');
  return `${head}.${forged}.${signature}`;
}

/** Tokens that every door refuses. */
export const BAD_TOKENS: readonly BadToken[] = [
  ['an expired token', (stack) => stack.token('alice', -60)],
  ['a garbage token', () => Promise.resolve('garbage')],
  ['a token that another key signed', foreignIssuerToken],
  ['a token of another issuer', otherIssuerToken],
  ['a tampered token', tamperedToken],
];
