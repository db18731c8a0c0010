/** The rules of the service, each as what a schedule does without it. removals.test.ts sees the model notice every one. */
import type { Operation } from '../../functions/rules/operations.ts';
import type { Key } from '../../protocol/keys.ts';
import { changed } from '../functions/expressions.ts';
import type { Removal } from './actor.ts';
import { host } from './appsync-utils.ts';
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
  return { alter, pausesAt: step };
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
    pausesAt: step,
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

const STREAMING = '#status = :streaming';
const PENDING = '#status = :pending';

/**
 * The rules whose removal the model notices, by name. Where one guard implies the other, both are removed together: the
 * pairs, and the rules whose removal nothing notices, are named with their reasons in docs/invariants.md.
 */
export const REMOVALS: Readonly<Record<string, Removal>> = {
  'settle puts a SEAL before it folds': answered('seal', () => 'stored'),
  'a slot is put only where nothing is': without('slot'),
  'a SEAL is put only where nothing is': without('seal'),
  'a taken slot is one’s own only with the same claim and text': takesForItsOwn('slot', 'slot.own'),
  'the log is written before the publish': { isPublishedFirst: true },
  'a long text is stored before the terminal write': answered('text', () => 'stored'),
  'a claim asks for PENDING': without('claim', PENDING),
  'a refused claim is one’s own only by its claim id': takesForItsOwn('claim', 'claim.own'),
  'a claim reads the tombstone': forged('claim.tombstone', ({ deletedAt: _, ...stored }) => stored),
  'a terminal write asks for STREAMING': without('end', STREAMING),
  'a terminal write asks for its attempt and claim': without(
    'end',
    '#attempt = :ownAttempt',
    '#claimId = :ownClaim',
  ),
  'an end as INTERRUPTED asks for the cancel flag': without(
    'end',
    'attribute_not_exists(#cancelRequestedAt)',
  ),
  'a refused terminal write is one’s own only by its receipt': takesForItsOwn('end', 'end.why'),
  'a hand-over asks for STREAMING and its claim': without('handOver', STREAMING, '#claimId = :ownClaim'),
  'a hand-over asks for the cancel flag': without('handOver', 'attribute_not_exists(#cancelRequestedAt)'),
  'a hand-over resumes where its log ends': rewritten('handOver', (values) => ({
    ':resumeOffset': Math.max(0, (values[':resumeOffset'] as number) - 1),
  })),
  'a hand-over ends the next attempt only while nobody has claimed it': without(
    'handOver.endUnclaimed',
    PENDING,
  ),
  'settle of PENDING asks for PENDING': without('settle.pending', PENDING),
  'settle of PENDING asks for its attempt and start-by time': without(
    'settle.pending',
    '#attempt = :attempt',
    '#leaseUntil = :leaseUntil',
  ),
  'settle of STREAMING asks for STREAMING': without('settle.streaming', STREAMING),
  'settle of STREAMING asks for its attempt': without('settle.streaming', '#attempt = :attempt'),
  'settle of STREAMING asks for the cancel flag': without(
    'settle.streaming',
    'attribute_not_exists(#cancelRequestedAt)',
  ),
  'the request item is put first, and once': without('step.claimRequest'),
  'the HTTP door puts the request item first, and once': without('send.request'),
  'the answer is put only where nothing is': without('step.putAssistantMessage'),
  'the HTTP door puts the answer only where nothing is': without('send.assistant'),
  'lastMessageId only moves forward': without(
    'step.touchConversation',
    '(attribute_not_exists(#lastMessageId) OR #lastMessageId < :lastMessageId)',
  ),
  'over HTTP, too, lastMessageId only moves forward': without(
    'send.touch',
    '(attribute_not_exists(#lastMessageId) OR #lastMessageId < :lastMessageId)',
  ),
  'a send does not touch a tombstone': without('step.touchConversation', 'attribute_not_exists(#deletedAt)'),
  'a send over HTTP does not touch a tombstone': without('send.touch', 'attribute_not_exists(#deletedAt)'),
  'a repeat is held back only by an invocation that was made': {
    alter: (operation) =>
      operation.step === 'step.putAssistantMessage' && operation.kind === 'put'
        ? { ...operation, item: { ...operation.item, invokedAt: host.now } as Key }
        : operation,
  },
  'a repeat renews only a PENDING answer': without('step.renewStart', PENDING),
  'a repeat over HTTP renews only a PENDING answer': without('send.renew', PENDING),
  'a regenerate over HTTP puts the request item first, and once': without('regenerate.request'),
  'a regenerate over HTTP puts the answer only where nothing is': without('regenerate.assistant'),
  'a regenerate over HTTP does not touch a tombstone': without(
    'regenerate.touch',
    'attribute_not_exists(#deletedAt)',
  ),
  'a cancel flags only STREAMING': without('Mutation.cancelMessage.flagStreaming', STREAMING),
  'a cancel that met a claim flags only STREAMING': without('Mutation.cancelMessage.flagClaimed', STREAMING),
  'a cancel ends only PENDING': without('Mutation.cancelMessage.endPending', PENDING),
  'a cancel over HTTP flags only STREAMING': without('cancel.flag', STREAMING),
  'a cancel over HTTP ends only PENDING': without('cancel.end', PENDING),
  'a cancel ends only the attempt it read': without(
    'Mutation.cancelMessage.endPending',
    '#attempt = :attempt',
  ),
  'a cancel over HTTP ends only the attempt it read': without('cancel.end', '#attempt = :attempt'),
  'a continue asks for INTERRUPTED and the attempt it read': without(
    'Mutation.continueMessage.restart',
    '#status = :interrupted',
    '#attempt = :before',
  ),
  'a reader starts settle': answered('step.settle', () => undefined),
  'a purge has a second pass': { isPurgedOnce: true },
};
