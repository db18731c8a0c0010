import { expect } from 'vitest';
import type { LocalStack } from '../../local/stack.ts';

/** What a request that is refused must not move. */
async function effectsOf(stack: LocalStack): Promise<Record<string, number>> {
  const counters = await stack.database.counters();
  const journal = (await (await fetch(`${stack.offlineModelUrl}/local-journal`)).json()) as { count: number };
  return {
    writeUnits: counters.reduce((sum, { writeUnits }) => sum + writeUnits, 0),
    publishes: stack.appSync.counters().publishes,
    modelRequests: journal.count,
  };
}

/** Runs an action and checks that nothing was written, published or asked of the model. */
export async function withoutEffect<Result>(
  stack: LocalStack,
  action: () => Promise<Result>,
): Promise<Result> {
  const before = await effectsOf(stack);
  const result = await action();
  expect(await effectsOf(stack)).toEqual(before);
  return result;
}
