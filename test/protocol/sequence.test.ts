import { describe, expect, it } from 'vitest';
import type { BatchKind, MessageStatus, TokenBatch } from '../../protocol/generated/schema-types.ts';
import {
  batchEffect,
  isTerminal,
  overlay,
  statusRank,
  type BatchEffect,
  type SequencePosition,
} from '../../protocol/sequence.ts';
import { delta, ended, heartbeat, receipt, start } from './sample-batches.ts';

type Situation =
  | 'next'
  | 'nothing known'
  | 'nothing known, START lost'
  | 'seq known'
  | 'seq behind a hole'
  | 'offset behind a hole'
  | 'offset before the end'
  | 'earlier attempts missing'
  | 'earlier reasoning missing';

const known: SequencePosition = { text: 'abcd', reasoning: 'xy', nextSeq: 3 };
const nothing: SequencePosition = { text: '', reasoning: '', nextSeq: 0 };

/** Where the reader is, and the coordinates that a batch of any kind has in the situation. */
const SITUATIONS: Record<
  Situation,
  { position: SequencePosition; at: Partial<TokenBatch> & { seq: number; offset: number } }
> = {
  next: { position: known, at: { seq: 3, offset: 4 } },
  'nothing known': { position: nothing, at: { seq: 0, offset: 0 } },
  'nothing known, START lost': { position: nothing, at: { seq: 1, offset: 0 } },
  'seq known': { position: known, at: { seq: 2, offset: 3 } },
  'seq behind a hole': { position: known, at: { seq: 4, offset: 4 } },
  'offset behind a hole': { position: known, at: { seq: 3, offset: 5 } },
  'offset before the end': { position: known, at: { seq: 3, offset: 2 } },
  'earlier attempts missing': {
    position: { ...nothing, text: 'abc' },
    at: { seq: 1, offset: 4, resumeOffset: 4 },
  },
  'earlier reasoning missing': {
    position: { ...nothing, text: 'abcd' },
    at: { seq: 1, offset: 4, resumeReasoningOffset: 1 },
  },
};

const end = receipt(4);

const BATCHES: Record<BatchKind, (at: Partial<TokenBatch> & { seq: number; offset: number }) => TokenBatch> =
  {
    START: (at) => start(at),
    DELTA: (at) => delta(at.seq, at.offset, 'cdEF', at),
    HEARTBEAT: (at) => heartbeat(at.seq, at.offset, at),
    END: (at) => ended(at.seq, end, at),
  };

const applied: BatchEffect = { kind: 'apply', parts: {} };
const grown = (text: string): BatchEffect => ({ kind: 'apply', parts: { text } });
const taken: BatchEffect = { kind: 'end', end };
const duplicate: BatchEffect = { kind: 'duplicate' };
const hold: BatchEffect = { kind: 'hold' };
const behind: BatchEffect = { kind: 'behind' };

/** Total: TypeScript refuses a kind or situation that is left out. */
const EFFECTS: Record<BatchKind, Record<Situation, BatchEffect>> = {
  // START has seq 0 in life: other seqs only show that the rule looks at nothing else.
  START: {
    next: applied,
    'nothing known': applied,
    'nothing known, START lost': applied,
    'seq known': duplicate,
    'seq behind a hole': applied,
    'offset behind a hole': applied,
    'offset before the end': applied,
    'earlier attempts missing': hold,
    'earlier reasoning missing': hold,
  },
  DELTA: {
    next: grown('abcdcdEF'),
    'nothing known': grown('cdEF'),
    'nothing known, START lost': grown('cdEF'),
    'seq known': duplicate,
    'seq behind a hole': hold,
    'offset behind a hole': hold,
    'offset before the end': grown('abcdEF'),
    'earlier attempts missing': hold,
    'earlier reasoning missing': hold,
  },
  HEARTBEAT: {
    next: behind,
    'nothing known': applied,
    'nothing known, START lost': behind,
    'seq known': duplicate,
    'seq behind a hole': behind,
    'offset behind a hole': behind,
    'offset before the end': behind,
    'earlier attempts missing': behind,
    'earlier reasoning missing': behind,
  },
  END: {
    next: taken,
    'nothing known': taken,
    'nothing known, START lost': taken,
    'seq known': taken,
    'seq behind a hole': taken,
    'offset behind a hole': taken,
    'offset before the end': taken,
    'earlier attempts missing': taken,
    'earlier reasoning missing': taken,
  },
};

const cells = (Object.keys(EFFECTS) as BatchKind[]).flatMap((kind) =>
  (Object.keys(SITUATIONS) as Situation[]).map((situation) => ({ kind, situation })),
);

describe('batchEffect', () => {
  it.each(cells)('decides $kind when: $situation', ({ kind, situation }) => {
    const { position, at } = SITUATIONS[situation];

    expect(batchEffect(position, BATCHES[kind](at))).toEqual(EFFECTS[kind][situation]);
  });

  it('holds START and a first heartbeat while the text of earlier attempts is missing', () => {
    expect(batchEffect(nothing, start({ resumeOffset: 1 }))).toEqual(hold);
    expect(batchEffect(nothing, heartbeat(0, 1, { resumeOffset: 1 }))).toEqual(hold);
    expect(batchEffect(nothing, start({ resumeReasoningOffset: 1 }))).toEqual(hold);
  });

  it('extends reasoning by its own offset', () => {
    const batch = delta(3, 2, 'z', { part: 'REASONING' });

    expect(batchEffect(known, batch)).toEqual({ kind: 'apply', parts: { reasoning: 'xyz' } });
    expect(batchEffect(known, { ...batch, offset: 3 })).toEqual(hold);
  });

  it('applies nothing of a batch whose text is known', () => {
    expect(batchEffect(known, delta(3, 1, 'bc'))).toEqual(applied);
  });

  it('ignores an END without a receipt', () => {
    expect(batchEffect(known, { ...ended(3, end), end: null })).toEqual(duplicate);
  });
});

describe('statusRank', () => {
  const RANKS: Record<MessageStatus, 0 | 1 | 2> = {
    PENDING: 0,
    STREAMING: 1,
    COMPLETE: 2,
    CANCELLED: 2,
    FAILED: 2,
    INTERRUPTED: 2,
  };

  it.each(Object.entries(RANKS) as [MessageStatus, 0 | 1 | 2][])('ranks %s %i', (status, rank) => {
    expect(statusRank(status)).toBe(rank);
    expect(isTerminal(status)).toBe(rank === 2);
  });
});

describe('overlay', () => {
  it.each([
    ['extends at the end', 'abc', 3, 'de', 'abcde'],
    ['extends over an overlap', 'abc', 1, 'bcd', 'abcd'],
    ['keeps what reaches further', 'abcdef', 1, 'bc', 'abcdef'],
    ['keeps what reaches just as far', 'abc', 1, 'bc', 'abc'],
    ['never leaves a hole', 'abc', 4, 'efg', 'abc'],
    ['begins with nothing', '', 0, 'ab', 'ab'],
  ])('%s', (_name, text, offset, stored, expected) => {
    expect(overlay(text, offset, stored)).toBe(expected);
  });
});
