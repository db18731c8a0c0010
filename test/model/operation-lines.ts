import type { Operation } from '../../functions/rules/operations.ts';

/** Whether an unknown outcome goes to the caller: resolvers try once, and what the rules themselves try once. */
export function isOnce(operation: Operation): boolean {
  if (operation.kind === 'invoke' || operation.kind === 'range') return true;
  if ('once' in operation && operation.once) return true;
  return /^(step|Mutation|Query)\./.test(operation.step);
}

/** Whether a step asks Lambda to run an attempt. */
export function isStart(step: string): boolean {
  return step === 'step.generate' || /^(handOver|send|regenerate)\.invoke$/.test(step);
}

/** An operation in one line of a trace. */
export function lineOf(operation: Operation): string {
  switch (operation.kind) {
    case 'get':
    case 'remove':
      return `${operation.step} ${operation.kind} ${operation.key.sk}`;
    case 'put': {
      const { sk, text } = operation.item as { sk: string; text?: string };
      return `${operation.step} put ${sk}${text === undefined ? '' : ` "${text}"`}`;
    }
    case 'update':
      return `${operation.step} update ${operation.write.key.sk}: ${operation.write.condition.expression}`;
    case 'range':
      return `${operation.step} range ${operation.range.from}`;
    case 'invoke':
      return `${operation.step} invoke ${operation.event.messageId}#${operation.event.attempt}`;
    case 'publish':
      return `${operation.step} ${operation.batch.kind} ${operation.batch.seq} "${operation.batch.text}"`;
  }
}
