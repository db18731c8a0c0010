import { expect } from 'vitest';
import type { LocalTarget } from './target.ts';

/** Units the database was written so far. */
async function writtenUnits({ stack }: LocalTarget): Promise<number> {
  const consumed = await stack.database.counters();
  return consumed.reduce((sum, { writeUnits }) => sum + writeUnits, 0);
}

/** Runs a request that must be refused, and checks that nothing was written by it; no answer may be under way. */
export async function refused<Answer>(target: LocalTarget, request: () => Promise<Answer>): Promise<Answer> {
  const before = await writtenUnits(target);
  const answer = await request();
  expect(await writtenUnits(target)).toBe(before);
  return answer;
}

/** Tokens that must be refused. */
export interface BadTokens {
  readonly expired: string;
  /** Signed by the right key, but naming another issuer. */
  readonly foreign: string;
  /** A good one with another signature. */
  readonly altered: string;
}

/** Makes tokens of alice that must be refused. */
export async function badTokens({ stack }: LocalTarget): Promise<BadTokens> {
  const pool = stack.model.userPools[0];
  const clientId = pool?.clientIds[0] ?? '';
  const issuer = pool?.providerUrl ?? '';
  const issue = (over: object) => stack.issuer.issueAccessToken({ user: 'alice', issuer, clientId, ...over });
  const good = await issue({});
  return {
    expired: await issue({ now: Date.now() - 7_200_000 }),
    foreign: await issue({ issuer: 'https://issuer.example' }),
    altered: `${good.slice(0, -6)}AAAAAA`,
  };
}
