import { expect } from 'vitest';
import type { LocalTarget } from './target.ts';

/** Ends the worker of a running generation as a crash would; answers how many were ended. */
export async function killWorker(target: LocalTarget, messageId: string): Promise<number> {
  const answer = await fetch(target.graphqlUrl.replace('/graphql', '/local/kill-worker'), {
    method: 'POST',
    body: JSON.stringify({ messageId }),
  });
  expect(answer.status).toBe(200);
  return ((await answer.json()) as { killed: number }).killed;
}
