import type { TokenBatch } from '../../protocol/generated/schema-types.ts';
import type { GenerationEvent } from '../../protocol/items.ts';
import type { Operation, Rule } from '../rules/operations.ts';
import { untilKnown } from './persist.ts';
import type { Table } from './table.ts';

/** What rules run on. A rule that invokes or publishes needs the port for it. */
export interface RulePorts {
  readonly table: Table;
  /** Ends the repeats of an operation with unknown outcome: its last error is thrown into the rule. */
  readonly signal?: AbortSignal;
  readonly invoke?: (event: GenerationEvent) => Promise<void>;
  readonly publish?: (batch: Omit<TokenBatch, 'publishedAt'>) => Promise<boolean>;
}

/**
 * Runs a rule over the real table. Operations are repeated until their outcome is known unless they say otherwise; what
 * then fails is thrown into the rule, and out of it when the rule does not catch it.
 */
export async function runRule<Result>(ports: RulePorts, rule: Rule<Result>): Promise<Result> {
  let step = rule.next();
  while (!step.done) {
    let result: unknown;
    try {
      result = await perform(ports, step.value);
    } catch (error) {
      step = rule.throw(error);
      continue;
    }
    step = rule.next(result);
  }
  return step.value;
}

function perform({ table, signal, invoke, publish }: RulePorts, operation: Operation): Promise<unknown> {
  const known = <T>(call: () => Promise<T>, once = false) => (once ? call() : untilKnown(call, signal));
  switch (operation.kind) {
    case 'get':
      return known(() => table.get(operation.key), operation.once);
    case 'put':
      return known(() => table.put(operation.item, operation.condition));
    case 'update':
      return known(() => table.update(operation.write), operation.once);
    case 'remove':
      return known(() => table.remove(operation.key));
    case 'range':
      return whole(table.range(operation.range, operation.range));
    case 'invoke':
      if (!invoke) throw new Error(`${operation.step} needs a port to invoke`);
      return invoke(operation.event);
    case 'publish':
      if (!publish) throw new Error(`${operation.step} needs a port to publish`);
      return publish(operation.batch);
  }
}

async function whole(items: AsyncIterable<unknown>): Promise<unknown[]> {
  const all: unknown[] = [];
  for await (const item of items) all.push(item);
  return all;
}
