/**
 * A model of one generation as the service stores and publishes it: attempts with resume offsets, a log that is written
 * before each publish, hand-overs, interruptions that are continued, one receipt an attempt at most. What a
 * subscriber gets of it and what `messageState` answers at any time follows from the model alone.
 */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import type { GenerationEnd, MessageState, TokenBatch } from '../../protocol/generated/schema-types.ts';
import { modelText } from './property-runs.ts';
import { delta, ended, heartbeat, receipt, start, state } from './sample-batches.ts';

/** Delays, in steps, of the copies of one publish that arrive; none: it is lost on the way or was given up. */
type Arrivals = readonly number[];

interface DeltaPlan {
  readonly part: 'TEXT' | 'REASONING';
  readonly text: string;
  readonly arrivals: Arrivals;
  /** Arrivals of a heartbeat before this delta; undefined: there is none. */
  readonly heartbeat: Arrivals | undefined;
}

interface AttemptPlan {
  readonly startArrivals: Arrivals;
  readonly deltas: readonly DeltaPlan[];
  readonly endArrivals: Arrivals;
  /** How it ends unless it is the last one. */
  readonly outcome: 'handed over' | 'interrupted and continued';
}

export interface GenerationPlan {
  readonly attempts: readonly AttemptPlan[];
  /** What an HTTP worker streamed in the last but one attempt and died before logging. */
  readonly unlogged: { readonly text: string; readonly reasoning: string } | undefined;
}

/** What the database holds after a step. */
export interface StoredView {
  readonly status: MessageState['status'];
  readonly attempt: number;
  readonly resume: { readonly text: number; readonly reasoning: number };
  readonly text: string;
  readonly reasoning: string;
  readonly log: readonly TokenBatch[];
  readonly end: GenerationEnd | null;
}

export interface Step {
  readonly stored: StoredView;
  readonly published: TokenBatch | undefined;
  readonly arrivals: Arrivals;
}

export interface ModelGeneration {
  readonly steps: readonly Step[];
  readonly final: StoredView;
  readonly end: GenerationEnd;
  /** All text that an attempt and those before it produced: what a reader of that attempt may show a prefix of. */
  readonly producedBy: ReadonlyMap<number, { readonly text: string; readonly reasoning: string }>;
}

const sha256 = (text: string) => createHash('sha256').update(text, 'utf8').digest('hex');

/** Plays a plan. */
export function playGeneration(plan: GenerationPlan): ModelGeneration {
  const steps: Step[] = [];
  const producedBy = new Map<number, { text: string; reasoning: string }>();
  let stored: StoredView = {
    status: 'PENDING',
    attempt: 1,
    resume: { text: 0, reasoning: 0 },
    text: '',
    reasoning: '',
    log: [],
    end: null,
  };
  const step = (change: Partial<StoredView>, published?: TokenBatch, arrivals: Arrivals = []) => {
    stored = { ...stored, ...change };
    steps.push({ stored, published, arrivals });
  };
  step({});
  plan.attempts.forEach((attemptPlan, index) => {
    const { attempt, resume } = stored;
    const isLast = index === plan.attempts.length - 1;
    const coordinates = { attempt, resumeOffset: resume.text, resumeReasoningOffset: resume.reasoning };
    step({ status: 'STREAMING' }, start(coordinates), attemptPlan.startArrivals);
    let seq = 0;
    for (const { part, text, arrivals, heartbeat: beat } of attemptPlan.deltas) {
      if (beat) step({}, heartbeat(seq, stored.text.length, coordinates), beat);
      seq += 1;
      const offset = part === 'TEXT' ? stored.text.length : stored.reasoning.length;
      const logged = delta(seq, offset, text, { ...coordinates, part });
      const grown = part === 'TEXT' ? { text: stored.text + text } : { reasoning: stored.reasoning + text };
      step({ ...grown, log: [...stored.log, logged] }, logged, arrivals);
    }
    const unlogged = index === plan.attempts.length - 2 ? plan.unlogged : undefined;
    producedBy.set(attempt, {
      text: stored.text + (unlogged?.text ?? ''),
      reasoning: stored.reasoning + (unlogged?.reasoning ?? ''),
    });
    if (isLast || attemptPlan.outcome === 'interrupted and continued') {
      const status = isLast ? ('COMPLETE' as const) : ('INTERRUPTED' as const);
      const end = receipt(stored.text.length, {
        reason: isLast ? 'STOP' : 'LOST',
        sha256: sha256(stored.text),
        reasoningLength: stored.reasoning.length,
        continuable: !isLast,
      });
      step({ status, end }, ended(seq + 1, end, { ...coordinates, status }), attemptPlan.endArrivals);
    }
    if (!isLast) {
      step({
        status: 'PENDING',
        attempt: attempt + 1,
        resume: { text: stored.text.length, reasoning: stored.reasoning.length },
        log: [],
        end: null,
      });
    }
  });
  if (!stored.end) throw new Error('the last attempt of a plan ends');
  return { steps, final: stored, end: stored.end, producedBy };
}

function pageOf(text: string, from: number, budget: number): string {
  const page = text.slice(from, from + budget);
  return from + page.length < text.length && /[\ud800-\udbff]$/.test(page) ? page.slice(0, -1) : page;
}

/** What `messageState` answers from a view: stored text first, then the log of the attempt, within a budget of units. */
export function answerState(
  view: StoredView,
  from: { readonly text: number; readonly reasoning: number },
  pageUnits: number,
): MessageState {
  const settled = view.end ? { text: view.text.length, reasoning: view.reasoning.length } : view.resume;
  let text = pageOf(view.text.slice(0, settled.text), from.text, pageUnits);
  const budget = pageUnits - text.length;
  let reasoning = pageOf(view.reasoning.slice(0, settled.reasoning), from.reasoning, budget);
  let more = from.text + text.length < settled.text || from.reasoning + reasoning.length < settled.reasoning;
  let throughSeq = -1;
  for (const item of view.end || more ? [] : view.log) {
    const known = item.part === 'TEXT' ? from.text + text.length : from.reasoning + reasoning.length;
    const fresh = item.text.slice(known - item.offset);
    more = text.length + reasoning.length + fresh.length > pageUnits;
    if (more) break;
    if (item.part === 'TEXT') text += fresh;
    else reasoning += fresh;
    throughSeq = item.seq;
  }
  return state({
    status: view.status,
    attempt: view.attempt,
    resumeOffset: view.resume.text,
    resumeReasoningOffset: view.resume.reasoning,
    offset: from.text,
    text,
    reasoningOffset: from.reasoning,
    reasoning,
    throughSeq,
    more,
    end: more ? null : view.end,
  });
}

/** The smallest page that makes progress with every planned delta. */
export const MIN_PAGE_UNITS = 16;

const arrivals = fc.oneof(
  { weight: 5, arbitrary: fc.constant([0]) },
  { weight: 2, arbitrary: fc.constant([]) },
  { weight: 4, arbitrary: fc.array(fc.nat({ max: 14 }), { maxLength: 3 }) },
);

const attemptPlan: fc.Arbitrary<AttemptPlan> = fc.record({
  startArrivals: arrivals,
  deltas: fc.array(
    fc.record({
      part: fc.constantFrom('TEXT', 'TEXT', 'REASONING'),
      text: modelText({ minLength: 1, maxLength: 6 }),
      arrivals,
      heartbeat: fc.option(arrivals, { nil: undefined, freq: 6 }),
    }),
    { maxLength: 9 },
  ),
  endArrivals: arrivals,
  outcome: fc.constantFrom('handed over', 'interrupted and continued'),
});

/** Plans of one to four attempts; `unlogged` text only where a next attempt follows. */
export const generationPlan: fc.Arbitrary<GenerationPlan> = fc
  .record({
    attempts: fc.array(attemptPlan, { minLength: 1, maxLength: 4 }),
    unlogged: fc.option(
      fc.record({
        text: modelText({ minLength: 1, maxLength: 8 }),
        reasoning: modelText({ maxLength: 8 }),
      }),
      { nil: undefined, freq: 3 },
    ),
  })
  .map((plan) => (plan.attempts.length > 1 ? plan : { ...plan, unlogged: undefined }));
