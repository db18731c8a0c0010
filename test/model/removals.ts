/** The rules of the service, each as what a schedule does without it. removals.test.ts sees the model notice every one. */
import type { Operation } from '../../functions/rules/operations.ts';
import type { Removal } from './schedule.ts';
import { changed } from './store.ts';
import type { Truth } from './truth.ts';

type Alter = NonNullable<Removal['alter']>;

/** Leaves clauses out of the condition of a step. */
function without(step: string, ...clauses: readonly string[]): Removal {
  const alter: Alter = (operation) => {
    if (operation.step !== step) return operation;
    if (operation.kind === 'put') return { step, kind: 'put', item: operation.item } satisfies Operation;
    if (operation.kind !== 'update') return operation;
    const { condition } = operation.write;
    let { expression } = condition;
    for (const clause of clauses) expression = expression.replace(clause, 'attribute_not_exists(#never)');
    const names = { ...condition.names, '#never': 'never' };
    return { ...operation, write: { ...operation.write, condition: { ...condition, expression, names } } };
  };
  return { alter };
}

/** Does not do a step, and answers in its place. */
function answered(step: string, answer: (operation: Operation, truth: Truth) => unknown): Removal {
  return {
    alter: (operation, truth) => (operation.step === step ? { answer: answer(operation, truth) } : operation),
  };
}

/** Puts other values into the update of a step. */
function rewritten(
  step: string,
  values: (before: Record<string, unknown>) => Record<string, unknown>,
): Removal {
  const alter: Alter = (operation) => {
    if (operation.step !== step || operation.kind !== 'update') return operation;
    const { write } = operation;
    const changed = { ...write.update.values, ...values(write.update.values) };
    return { ...operation, write: { ...write, update: { ...write.update, values: changed } } };
  };
  return { alter };
}

/** A read answers an item changed by `forge`. */
function forged(step: string, forge: (stored: Record<string, unknown>) => unknown): Removal {
  return answered(step, (operation, truth) => {
    if (operation.kind !== 'get') throw new Error(`${step} is no read`);
    const stored = truth.store.apply(operation) as Record<string, unknown> | undefined;
    return stored && forge(stored);
  });
}

/** A refused write takes whatever it finds for what it wanted to write itself. */
function takesForItsOwn(step: string, read: string): Removal {
  let own: Record<string, unknown> = {};
  return {
    alter: (operation, truth) => {
      if (operation.step === step && operation.kind === 'put') own = { ...operation.item };
      if (operation.step === step && operation.kind === 'update')
        own = changed({ pk: '', sk: '' }, operation.write.update);
      if (operation.step !== read || operation.kind !== 'get') return operation;
      const stored = truth.store.apply(operation) as object | undefined;
      return { answer: stored && { ...stored, ...own, ...operation.key } };
    },
  };
}

const STATUS_STREAMING = '#status = :streaming';
const STATUS_PENDING = '#status = :pending';

/** Every rule by name. */
export const REMOVALS: Readonly<Record<string, Removal>> = {
  'settle puts a SEAL before it folds': answered('seal', () => 'stored'),
  'a slot is put only where nothing is': without('slot'),
  'a SEAL is put only where nothing is': without('seal'),
  'a taken slot is another writer’s unless claim and text say otherwise': takesForItsOwn('slot', 'slot.own'),
  'the log is written before the publish': { isPublishedFirst: true },
  'a claim asks for PENDING': without('claim', STATUS_PENDING),
  'a claim asks for its attempt': without('claim', '#attempt = :attempt'),
  'a refused claim is one’s own only by its claim id': takesForItsOwn('claim', 'claim.own'),
  'a claim reads the tombstone': forged('claim.tombstone', ({ deletedAt: _, ...stored }) => stored),
  'a terminal write asks for STREAMING': without('end', STATUS_STREAMING),
  'a terminal write asks for its claim': without('end', '#claimId = :ownClaim'),
  'a terminal write asks for its attempt': without('end', '#attempt = :ownAttempt'),
  'a refused terminal write is one’s own only by its receipt': takesForItsOwn('end', 'end.why'),
  'a hand-over asks for its claim and STREAMING': without(
    'handOver',
    STATUS_STREAMING,
    '#claimId = :ownClaim',
  ),
  'a hand-over asks for the cancel flag': without('handOver', 'attribute_not_exists(#cancelRequestedAt)'),
  'a hand-over’s own end asks that nobody has claimed': without('handOver.endUnclaimed', STATUS_PENDING),
  'a hand-over’s own end asks for the next attempt': without('handOver.endUnclaimed', '#attempt = :next'),
  'settle of PENDING asks for PENDING': without('settle.pending', STATUS_PENDING),
  'settle of PENDING asks for its attempt': without('settle.pending', '#attempt = :attempt'),
  'settle of PENDING asks for the start-by time it read': without(
    'settle.pending',
    '#leaseUntil = :leaseUntil',
  ),
  'settle of STREAMING asks for STREAMING': without('settle.streaming', STATUS_STREAMING),
  'settle of STREAMING asks for its attempt': without('settle.streaming', '#attempt = :attempt'),
  'settle of STREAMING asks for the cancel flag': without(
    'settle.streaming',
    'attribute_not_exists(#cancelRequestedAt)',
  ),
  'an attempt resumes where the one before ended': rewritten('handOver', (values) => ({
    ':resumeOffset': Math.max(0, (values[':resumeOffset'] as number) - 1),
  })),
  'the request item is put first, and once': without('step.claimRequest'),
  'the HTTP door puts the request item once': without('send.request'),
  'the answer is put only where nothing is': without('step.putAssistantMessage'),
  'the HTTP door puts the answer only where nothing is': without('send.assistant'),
  'lastMessageId only moves forward': without(
    'step.touchConversation',
    '(attribute_not_exists(#lastMessageId) OR #lastMessageId < :lastMessageId)',
  ),
  'a send does not touch a tombstone': without('step.touchConversation', 'attribute_not_exists(#deletedAt)'),
  'a cancel flags only STREAMING': without('Mutation.cancelMessage.flagStreaming', STATUS_STREAMING),
  'a cancel ends only PENDING': without('Mutation.cancelMessage.endPending', STATUS_PENDING),
  'a cancel ends only the attempt it read': without(
    'Mutation.cancelMessage.endPending',
    '#attempt = :attempt',
  ),
  'a continue asks for INTERRUPTED': without('Mutation.continueMessage.restart', '#status = :interrupted'),
  'a continue asks for the attempt it read': without(
    'Mutation.continueMessage.restart',
    '#attempt = :before',
  ),
  'a reader starts settle': answered('step.settle', () => undefined),
  'a purge has a second pass': { isPurgedOnce: true },
};
