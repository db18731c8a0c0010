/**
 * The assembler against a model generation: whatever is lost, doubled, late or out of order, and whenever snapshots come,
 * readers see prefixes only (I1), repeats change nothing (I2), nothing is missing unnoticed, and catch-up ends exactly.
 */
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  applyBatch,
  applyState,
  emptyMessage,
  isSettled,
  needsCatchUp,
  restart,
  type AssembledMessage,
} from '../../protocol/assembler.ts';
import type { MessageState, TokenBatch } from '../../protocol/generated/schema-types.ts';
import { GAP_PATIENCE_MS } from '../../protocol/limits.ts';
import {
  answerState,
  generationPlan,
  MIN_PAGE_UNITS,
  playGeneration,
  type GenerationPlan,
  type ModelGeneration,
} from './generation-model.ts';
import { propertyRuns } from './property-runs.ts';
import { MESSAGE_ID } from './sample-batches.ts';

const STEP_MS = 100;
const MAX_DELAY_STEPS = 14;

interface Snapshot {
  readonly askAt: number;
  readonly latency: number;
  readonly pageUnits: number;
}

const pageUnits = fc.integer({ min: MIN_PAGE_UNITS, max: 80 });
const snapshots: fc.Arbitrary<readonly Snapshot[]> = fc.array(
  fc.record({ askAt: fc.nat({ max: 60 }), latency: fc.nat({ max: 10 }), pageUnits }),
  { maxLength: 6 },
);

/** A reader that checks I1 and I2 at everything it applies. */
class CheckedReader {
  message: AssembledMessage;
  now = 0;
  readonly #generation: ModelGeneration;

  constructor(generation: ModelGeneration, message: AssembledMessage) {
    this.#generation = generation;
    this.message = message;
  }

  receive(batch: TokenBatch): void {
    this.#apply((message) => applyBatch(message, batch, this.now));
  }

  merge(answer: MessageState): void {
    this.#apply((message) => applyState(message, answer, this.now));
  }

  #apply(change: (message: AssembledMessage) => AssembledMessage): void {
    const before = this.message;
    const after = change(before);
    if (after !== before && isDeepStrictEqual(after, before))
      throw new Error('a new object without a change');
    if (change(after) !== after) throw new Error('a repeat changed something');
    const produced = this.#generation.producedBy.get(after.attempt) ?? { text: '', reasoning: '' };
    if (!produced.text.startsWith(after.text) || !produced.reasoning.startsWith(after.reasoning))
      throw new Error(
        `not a prefix: ${JSON.stringify([after.text, produced.text, after.reasoning, produced.reasoning])}`,
      );
    this.message = after;
  }
}

/** Where a reader begins: with nothing, or with what an HTTP worker streamed before it died. */
function firstMessage(plan: GenerationPlan, generation: ModelGeneration): AssembledMessage {
  const attempt = plan.attempts.length - 1;
  const produced = plan.unlogged && generation.producedBy.get(attempt);
  const empty = emptyMessage(MESSAGE_ID);
  return produced ? { ...empty, attempt, status: 'STREAMING', ...produced } : empty;
}

/** Delivers a whole generation by its plan, with snapshots in between, and returns what arrived. */
function deliver(
  reader: CheckedReader,
  generation: ModelGeneration,
  asked: readonly Snapshot[],
): TokenBatch[] {
  const { steps } = generation;
  const arrived: TokenBatch[] = [];
  const answers = new Map<number, MessageState[]>();
  for (let at = 0; at < steps.length + MAX_DELAY_STEPS; at += 1) {
    reader.now = at * STEP_MS;
    for (const [index, step] of steps.slice(0, at + 1).entries()) {
      for (const delay of step.arrivals) {
        if (step.published && index + delay === at) {
          arrived.push(step.published);
          reader.receive(step.published);
        }
      }
    }
    for (const snapshot of asked) {
      if (snapshot.askAt !== at) continue;
      const view = steps[Math.min(at, steps.length - 1)]?.stored ?? generation.final;
      const from = { text: reader.message.text.length, reasoning: reader.message.reasoning.length };
      const due = at + snapshot.latency;
      answers.set(due, [...(answers.get(due) ?? []), answerState(view, from, snapshot.pageUnits)]);
    }
    for (const answer of answers.get(at) ?? []) reader.merge(answer);
  }
  return arrived;
}

/**
 * Asks `messageState`, as a reader does on reconnect even when an interrupted answer looked settled, and then page by
 * page until the message is settled; fails when that takes more pages than there is text.
 */
function catchUp(reader: CheckedReader, generation: ModelGeneration, units: number): void {
  const bound = 4 + generation.final.text.length + generation.final.reasoning.length;
  let pages = 0;
  do {
    pages += 1;
    if (pages > bound) throw new Error('catch-up does not end');
    reader.now += 10;
    const from = { text: reader.message.text.length, reasoning: reader.message.reasoning.length };
    reader.merge(answerState(generation.final, from, units));
  } while (!isSettled(reader.message));
}

function expectWhole(message: AssembledMessage, generation: ModelGeneration): void {
  const { text, reasoning, status, attempt } = message;
  const whole = { text: generation.final.text, reasoning: generation.final.reasoning };
  expect({ text, reasoning, status, attempt }).toEqual({
    ...whole,
    status: 'COMPLETE',
    attempt: generation.final.attempt,
  });
  expect(message.end).toEqual(generation.end);
}

/** Whether a batch of the newest attempt tells of text that is not shown. */
function tellsOfMore(message: AssembledMessage, batch: TokenBatch): boolean {
  if (batch.attempt !== message.attempt) return false;
  const reach = (part: 'TEXT' | 'REASONING') =>
    batch.kind === 'DELTA' && batch.part === part ? batch.offset + batch.text.length : 0;
  const textReach = Math.max(batch.resumeOffset, batch.part === 'TEXT' ? batch.offset : 0, reach('TEXT'));
  const reasoningReach = Math.max(batch.resumeReasoningOffset, reach('REASONING'));
  return textReach > message.text.length || reasoningReach > message.reasoning.length;
}

describe('the assembler', () => {
  it('shows prefixes only, ignores repeats and ends in exactly the whole answer', () => {
    fc.assert(
      fc.property(generationPlan, snapshots, pageUnits, (plan, asked, units) => {
        const generation = playGeneration(plan);
        const reader = new CheckedReader(generation, firstMessage(plan, generation));

        deliver(reader, generation, asked);
        catchUp(reader, generation, units);

        expectWhole(reader.message, generation);
      }),
      propertyRuns(500),
    );
  });

  it('knows after 300 ms whenever a delivered batch tells of text that it lacks', () => {
    fc.assert(
      fc.property(generationPlan, snapshots, (plan, asked) => {
        const generation = playGeneration(plan);
        const reader = new CheckedReader(generation, firstMessage(plan, generation));

        const arrived = deliver(reader, generation, asked);

        const later = reader.now + GAP_PATIENCE_MS;
        if (isSettled(reader.message) || needsCatchUp(reader.message, later)) return;
        expect(arrived.filter((batch) => tellsOfMore(reader.message, batch))).toEqual([]);
        expect(
          arrived.filter((batch) => batch.kind === 'END' && batch.attempt === reader.message.attempt),
        ).toEqual([]);
      }),
      propertyRuns(500),
    );
  });

  it('refills a restarted message exactly, whatever arrives late', () => {
    fc.assert(
      fc.property(generationPlan, fc.infiniteStream(fc.nat()), pageUnits, (plan, picks, units) => {
        const generation = playGeneration(plan);
        const reader = new CheckedReader(generation, emptyMessage(MESSAGE_ID));
        const published = generation.steps.flatMap((step) => step.published ?? []);
        for (const batch of published) reader.receive(batch);
        expectWhole(reader.message, generation);
        reader.message = restart(reader.message, reader.now);

        for (const pick of picks.take(4)) {
          const late = published[pick % published.length];
          if (late && late.kind !== 'END') reader.receive(late);
        }
        const isNoticed =
          isSettled(reader.message) || needsCatchUp(reader.message, reader.now + GAP_PATIENCE_MS);
        catchUp(reader, generation, units);

        expect(isNoticed).toBe(true);
        expectWhole(reader.message, generation);
      }),
      propertyRuns(200),
    );
  });

  it('reaches the same state by every order of the batches of an attempt, repeats included', () => {
    fc.assert(
      fc.property(
        generationPlan.map((plan) => ({ attempts: plan.attempts.slice(0, 1), unlogged: undefined })),
        fc.infiniteStream(fc.nat()),
        (plan, picks) => {
          const generation = playGeneration(plan);
          const inOrder = generation.steps.flatMap((step) => step.published ?? []);
          const keyed = [...inOrder, ...inOrder].map((batch) => ({
            batch,
            key: picks.next().value as number,
          }));
          const shuffled = keyed.sort((a, b) => a.key - b.key).map(({ batch }) => batch);

          const expected = new CheckedReader(generation, emptyMessage(MESSAGE_ID));
          for (const batch of inOrder) expected.receive(batch);
          const actual = new CheckedReader(generation, emptyMessage(MESSAGE_ID));
          for (const batch of shuffled) actual.receive(batch);

          expectWhole(expected.message, generation);
          expect(actual.message).toMatchObject({
            text: expected.message.text,
            reasoning: expected.message.reasoning,
            status: expected.message.status,
            end: expected.message.end,
            held: [],
            pendingEnd: undefined,
            gapSince: undefined,
          });
        },
      ),
      propertyRuns(300),
    );
  });
});
