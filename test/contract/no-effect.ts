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

/** Waits until no function runs: what an answered request left to do is done then. */
async function idle({ lambda }: LocalStack): Promise<void> {
  const busy = () =>
    Object.values(lambda.load()).reduce((sum, { running, waiting }) => sum + running + waiting, 0);
  await expect.poll(busy, { interval: 5, message: 'functions that run' }).toBe(0);
}

/**
 * Runs an action and checks that nothing was written, published or asked of the model, neither before its answer nor after. Other
 * requests must have been answered before.
 */
export async function withoutEffect<Result>(
  stack: LocalStack,
  action: () => Promise<Result>,
): Promise<Result> {
  await idle(stack);
  const before = await effectsOf(stack);
  const result = await action();
  await idle(stack);
  expect(await effectsOf(stack)).toEqual(before);
  return result;
}
