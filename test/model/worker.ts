import { Answer } from '../../functions/generation/answer.ts';
import { messageBatch } from '../../functions/generation/message-batch.ts';
import { attemptFacts, receipt, type Ending } from '../../functions/generation/receipt.ts';
import { storedAnswer } from '../../functions/rules/answer-text.ts';
import { claimAttempt } from '../../functions/rules/claim.ts';
import { endAttempt } from '../../functions/rules/end-attempt.ts';
import { handOverAttempt } from '../../functions/rules/hand-over.ts';
import { get, publish, type Rule } from '../../functions/rules/operations.ts';
import { writeOwn } from '../../functions/rules/own-write.ts';
import { batchItem, writeSlot } from '../../functions/rules/slot.ts';
import { ChatError } from '../../protocol/errors.ts';
import type { GenerationEnd } from '../../protocol/generated/schema-types.ts';
import type { AssistantMessageItem, GenerationEvent } from '../../protocol/items.ts';
import { LEASE_MS } from '../../protocol/limits.ts';
import { UnknownOutcome } from './pipelines.ts';
import type { Random } from './random.ts';
import { sha256 } from './truth.ts';

/** Another writer has the slot or the message: Lambda reports a failure. */
export class Fenced {}

/** What a worker of the model needs from its schedule. */
export interface WorkerWorld {
  readonly random: Random;
  readonly now: () => number;
  readonly isPublishedFirst: boolean;
}

const MAX_HANDOVERS = 2;
const PIECES = ['a', 'b', 'ab', 'ba', 'é', '😀', 'b😀a'];

/**
 * One attempt from claim to END: the production steps in the order in which generation.ts, pump.ts and finish.ts take them,
 * with a model that writes random pieces and a random outcome. Throws Fenced like production throws FencedError.
 */
export function* runAttempt(world: WorkerWorld, event: GenerationEvent, requestId: string): Rule<void> {
  const { random } = world;
  const claimId = `${requestId}:${random.below(1_000_000)}`;
  const claimed = yield* claimAttempt(event, claimId, world.now());
  if (typeof claimed === 'string') return;
  const { message } = claimed;
  const answer = new Answer(yield* storedAnswer(message));
  yield* publish('publish', {
    ...messageBatch(message, { kind: 'START', offset: message.resumeOffset }),
    seq: 0,
  });
  let seq = 1;
  let isCancelled = false;
  for (let left = random.below(4); left > 0 && !isCancelled; left -= 1) {
    yield* writeBatch(world, message, answer, seq);
    seq += 1;
    if (random.chance(0.25)) isCancelled = yield* look(message);
    if (random.chance(0.15)) yield* renew(world, message);
  }
  isCancelled ||= yield* look(message);
  const isDeadline = random.chance(0.25);
  const facts = { answer, pump: { counts: COUNTS }, usage: null, model: null, firstTokenAt: undefined };
  const receiptOf = (ending: Ending) => receipt(message, ending, attemptFacts(facts, world.now()));
  let ending: Ending = isCancelled ? CANCELLED : random.chance(0.8) ? COMPLETE : FAILED;
  if (isDeadline && !isCancelled) {
    ending = { status: 'INTERRUPTED', reason: 'DEADLINE', error: new ChatError('DEADLINE', { requestId }) };
    const deadline = ending;
    // How many hand-overs there may be is configuration.
    if (message.handovers < MAX_HANDOVERS && random.chance(0.7)) {
      const result = yield* handOverAttempt(message, {
        answer,
        usage: null,
        now: world.now,
        receiptOf: () => receiptOf(deadline),
        onFailure: () => undefined,
      });
      if (result === 'handedOver' || result === 'deleted') return;
      if (result === 'fenced') throw new Fenced() as unknown as Error;
      if (result === 'cancelled') ending = CANCELLED;
      else return yield* publishEnd(message, ending, result.end, seq);
    }
  }
  const endAs = (as: Ending) => endAttempt(message, answer, as.status, () => receiptOf(as));
  let ended = yield* endAs(ending);
  if (ended === 'cancelled') {
    ending = CANCELLED;
    ended = yield* endAs(ending);
  }
  if (ended === 'deleted') return;
  if (typeof ended === 'string') throw new Fenced() as unknown as Error;
  yield* publishEnd(message, ending, ended.end, seq);
}

const COUNTS = { publishes: 0, publishFailures: 0, logged: 0 };
const COMPLETE: Ending = { status: 'COMPLETE', reason: 'STOP' };
const FAILED: Ending = { status: 'FAILED', reason: 'ERROR', error: new ChatError('UPSTREAM_TRUNCATED') };
const CANCELLED: Ending = { status: 'CANCELLED', reason: 'CANCELLED' };

function* writeBatch(
  world: WorkerWorld,
  message: AssistantMessageItem,
  answer: Answer,
  seq: number,
): Rule<void> {
  const { random } = world;
  const before = { textLength: answer.text.length, reasoningLength: answer.reasoning.length };
  const delta = answer.append(random.chance(0.2) ? 'REASONING' : 'TEXT', random.pick(PIECES));
  const after = {
    textLength: answer.text.length,
    reasoningLength: answer.reasoning.length,
    sha256: sha256(answer.text),
  };
  const item = batchItem(message, before, { seq, ...delta }, after, world.now());
  const batch = { ...messageBatch(message, { kind: 'DELTA', ...delta }), seq };
  if (world.isPublishedFirst) yield* publish('publish', batch);
  if ((yield* writeSlot(item)) === 'fenced') throw new Fenced() as unknown as Error;
  if (!world.isPublishedFirst) yield* publish('publish', batch);
}

/** What watch.ts does every 500 ms; true when the cancel flag is set. */
function* look(message: AssistantMessageItem): Rule<boolean> {
  const stored = yield* get<AssistantMessageItem>('watch', message);
  const isHeld =
    stored?.status === 'STREAMING' &&
    stored.attempt === message.attempt &&
    stored.claimId === message.claimId;
  if (!isHeld) throw new Fenced() as unknown as Error;
  return Boolean(stored.cancelRequestedAt);
}

function* renew(world: WorkerWorld, message: AssistantMessageItem): Rule<void> {
  const values = { leaseUntil: world.now() + LEASE_MS };
  try {
    const result = yield* writeOwn('renew', message, { values, isOptional: true });
    if (result === 'fenced' || result === 'deleted') throw new Fenced() as unknown as Error;
  } catch (thrown) {
    if (!(thrown instanceof UnknownOutcome)) throw thrown;
  }
}

function* publishEnd(
  message: AssistantMessageItem,
  { status }: Ending,
  end: GenerationEnd,
  seq: number,
): Rule<void> {
  yield* publish('publish', {
    ...messageBatch(message, { kind: 'END', offset: end.length, status, end }),
    seq,
  });
}
