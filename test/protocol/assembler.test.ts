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
import { GAP_PATIENCE_MS, MAX_HELD_BATCHES } from '../../protocol/limits.ts';
import { delta, ended, heartbeat, MESSAGE_ID, reasoning, receipt, start, state } from './sample-batches.ts';

const empty = emptyMessage(MESSAGE_ID);

function after(batches: readonly TokenBatch[], from: AssembledMessage = empty, now = 0): AssembledMessage {
  return batches.reduce((message, batch) => applyBatch(message, batch, now), from);
}

const hello = [start(), delta(1, 0, 'Hel'), delta(2, 3, 'lo 😀'), ended(3, receipt(8))];

describe('applyBatch', () => {
  it('assembles an answer in order and settles with the receipt', () => {
    const message = after(hello);

    expect(message).toMatchObject({ text: 'Hello 😀', status: 'COMPLETE', held: [], gapSince: undefined });
    expect(message.end).toEqual(receipt(8));
    expect(isSettled(message)).toBe(true);
  });

  it('assembles text and reasoning, each at its own offset', () => {
    const message = after([
      start(),
      reasoning(1, 0, 'think'),
      delta(2, 0, 'say'),
      reasoning(3, 5, ' more'),
      delta(4, 3, ' so'),
      ended(5, receipt(6, { reasoningLength: 10 })),
    ]);

    expect(message).toMatchObject({ text: 'say so', reasoning: 'think more', status: 'COMPLETE' });
  });

  it('needs no START', () => {
    expect(after(hello.slice(1))).toMatchObject({
      text: 'Hello 😀',
      status: 'COMPLETE',
      gapSince: undefined,
    });
  });

  it('completes in reverse order without catch-up', () => {
    const message = after([...hello].reverse());

    expect(message).toMatchObject({ text: 'Hello 😀', status: 'COMPLETE', pendingEnd: undefined, held: [] });
    expect(message.end).toEqual(receipt(8));
  });

  it('keeps what it holds when the receipt comes before missing text', () => {
    const early = after([start(), delta(2, 3, 'lo 😀'), ended(3, receipt(8))]);
    const message = applyBatch(early, delta(1, 0, 'Hel'), 0);

    expect(early).toMatchObject({ text: '', status: 'COMPLETE', end: undefined });
    expect(needsCatchUp(early, 0)).toBe(true);
    expect(message).toMatchObject({ text: 'Hello 😀', status: 'COMPLETE', pendingEnd: undefined });
    expect(isSettled(message)).toBe(true);
  });

  it('never shows text past a hole', () => {
    const message = after([start(), delta(1, 0, 'one '), delta(3, 8, 'three ')]);

    expect(message.text).toBe('one ');
    expect(message.held.map((batch) => batch.seq)).toEqual([3]);
    expect(after([delta(2, 4, 'two ')], message)).toMatchObject({ text: 'one two three ', held: [] });
  });

  it('does not apply the next seq at an offset beyond the text, nor a later seq at the fitting offset', () => {
    const message = after([start(), delta(1, 0, 'ab')]);

    expect(after([delta(2, 3, 'd')], message).text).toBe('ab');
    expect(after([delta(3, 2, 'c')], message).text).toBe('ab');
  });

  it('adds only what is new of a batch that overlaps the text', () => {
    const ahead = { ...empty, attempt: 1, status: 'STREAMING' as const, text: 'abcd' };

    expect(after([delta(1, 0, 'abcdef')], ahead).text).toBe('abcdef');
    expect(after([delta(1, 0, 'ab')], ahead)).toMatchObject({ text: 'abcd', nextSeq: 2 });
  });

  it('drops batches of other messages, of older attempts and after the receipt', () => {
    const message = after(hello, { ...empty, attempt: 1 });
    const second = after([start({ attempt: 2, resumeOffset: 8 })], message);

    expect(applyBatch(message, delta(4, 8, 'x', { messageId: 'm-9' }), 0)).toBe(message);
    expect(applyBatch(message, delta(4, 8, 'x'), 0)).toBe(message);
    expect(applyBatch(second, delta(4, 8, 'x', { attempt: 1 }), 0)).toBe(second);
  });

  const situations: Record<string, AssembledMessage> = {
    'in order': after(hello.slice(0, 2)),
    'with a hole': after([start(), delta(2, 3, 'lo 😀'), heartbeat(2, 8)]),
    'with a receipt that does not fit': after([start(), ended(3, receipt(8))]),
    'that is settled': after(hello),
    'before its resume offset': after([start({ attempt: 2, resumeOffset: 5 })]),
  };
  it.each(Object.entries(situations))(
    'returns the same object for a repeat, for a message %s',
    (_name, message) => {
      const repeats = [
        ...hello.slice(0, 1),
        ...message.held,
        heartbeat(0, 0),
        heartbeat(Math.max(0, message.nextSeq - 1), 0),
      ];
      if (message.pendingEnd) repeats.push(ended(3, receipt(8)));

      for (const batch of repeats) expect(applyBatch(message, structuredClone(batch), 9)).toBe(message);
    },
  );

  it('cuts what an HTTP worker streamed ahead of the log when a newer attempt starts', () => {
    const overHttp = after([start(), reasoning(1, 0, 'abcd'), delta(2, 0, 'logged and lost')]);
    const message = after(
      [
        start({ attempt: 2, resumeOffset: 6, resumeReasoningOffset: 2 }),
        reasoning(1, 2, 'CD', { attempt: 2, resumeOffset: 6, resumeReasoningOffset: 2 }),
        delta(2, 6, ' again', { attempt: 2, resumeOffset: 6, resumeReasoningOffset: 2 }),
      ],
      overHttp,
    );

    expect(message).toMatchObject({ text: 'logged again', reasoning: 'abCD', attempt: 2 });
  });

  it.each([
    ['DELTA', delta(1, 6, '!', { attempt: 2, resumeOffset: 6 }), 'logged!'],
    ['HEARTBEAT', heartbeat(0, 6, { attempt: 2, resumeOffset: 6 }), 'logged'],
    ['END', ended(1, receipt(6), { attempt: 2, resumeOffset: 6 }), 'logged'],
  ])('cuts just so by %s when START was lost', (_kind, batch, text) => {
    const overHttp = after([start(), delta(1, 0, 'logged and lost')]);

    expect(after([batch], overHttp).text).toBe(text);
  });

  it('truncates to the receipt when it holds more', () => {
    const overHttp = after([start(), reasoning(1, 0, 'abcd'), delta(2, 0, 'logged and lost')]);
    const end = receipt(6, { reason: 'LOST', reasoningLength: 1 });
    const message = after([ended(2, end, { status: 'INTERRUPTED' })], overHttp);

    expect(message).toMatchObject({ text: 'logged', reasoning: 'a', status: 'INTERRUPTED', end });
  });

  it('waits for reasoning too before the receipt counts', () => {
    const message = after([...hello.slice(0, 3), ended(4, receipt(8, { reasoningLength: 2 }))]);

    expect(isSettled(message)).toBe(false);
    expect(isSettled(after([reasoning(3, 0, 'hm')], message))).toBe(true);
  });

  it('does not turn a terminal status back', () => {
    const message = applyState(
      empty,
      state({ status: 'COMPLETE', text: 'Hel', throughSeq: 1, more: true }),
      0,
    );

    expect(after([delta(2, 3, 'lo')], message)).toMatchObject({ status: 'COMPLETE', text: 'Hello' });
  });

  it('holds at most 64 batches, the lowest, and remembers that later ones exist', () => {
    const later = Array.from({ length: MAX_HELD_BATCHES + 6 }, (_, index) =>
      delta(index + 2, index + 1, 'x'),
    );
    const message = after([start(), ...later.reverse()]);
    const filled = after([delta(1, 0, 'x')], message);

    expect(MAX_HELD_BATCHES).toBe(64);
    expect(message.held.map((batch) => batch.seq)).toEqual(
      Array.from({ length: 64 }, (_, index) => index + 2),
    );
    expect(applyBatch(message, delta(70, 69, 'x'), 1)).toBe(message);
    expect(filled).toMatchObject({ text: 'x'.repeat(65), held: [], nextSeq: 66, knownSeq: 71 });
    expect(needsCatchUp(filled, GAP_PATIENCE_MS)).toBe(true);
  });
});

describe('applyState', () => {
  it('fills a hole and releases what was held behind it', () => {
    const message = after([start(), delta(1, 0, 'one '), delta(3, 8, 'three ')]);
    const merged = applyState(message, state({ offset: 4, text: 'two ', throughSeq: 2 }), 0);

    expect(merged).toMatchObject({ text: 'one two three ', held: [], gapSince: undefined, nextSeq: 4 });
  });

  it('settles when the held batches behind a page complete the receipt', () => {
    const message = after([start(), delta(2, 3, 'lo 😀'), ended(3, receipt(8))]);
    const merged = applyState(message, state({ text: 'Hel', throughSeq: 1 }), 0);

    expect(merged).toMatchObject({
      text: 'Hello 😀',
      status: 'COMPLETE',
      end: receipt(8),
      pendingEnd: undefined,
    });
  });

  it('reads pages until the receipt fits; a receipt counts with the last page only', () => {
    const end = receipt(6);
    const status = 'COMPLETE';
    const first = applyState(empty, state({ status, text: 'abc', more: true, end }), 0);
    const last = applyState(first, state({ status, offset: 3, text: 'def', end }), 0);

    expect(first).toMatchObject({ text: 'abc', status, end: undefined, pendingEnd: undefined });
    expect(needsCatchUp(first, GAP_PATIENCE_MS)).toBe(true);
    expect(last).toMatchObject({ text: 'abcdef', status, end, gapSince: undefined });
  });

  it('takes nothing of a page that leaves a hole in either part, but learns that batches exist', () => {
    const message = after([start(), delta(1, 0, 'ab')]);
    const page = { offset: 2, text: 'cd', reasoningOffset: 1, reasoning: 'y', throughSeq: 3 };
    const merged = applyState(message, state(page), 0);

    expect(merged).toMatchObject({ text: 'ab', reasoning: '', nextSeq: 2, knownSeq: 3, gapSince: 0 });
  });

  it('does not lose later text to an older answer', () => {
    const message = after(hello.slice(0, 3));

    expect(applyState(message, state({ text: 'Hel', throughSeq: 1 }), 0)).toBe(message);
    expect(applyState(message, state({ status: 'PENDING' }), 0)).toBe(message);
    expect(applyState(message, state({ messageId: 'm-9', text: 'x'.repeat(9) }), 0)).toBe(message);
  });

  it('returns the same object for an equal answer, also while its receipt does not fit', () => {
    const answer: MessageState = state({ status: 'COMPLETE', offset: 3, text: 'lo', end: receipt(5) });
    const waiting = applyState(empty, answer, 0);
    const settled = applyState(empty, { ...answer, offset: 0, text: 'Hello' }, 0);

    expect(waiting).toMatchObject({ text: '', pendingEnd: receipt(5) });
    expect(applyState(waiting, structuredClone(answer), 9)).toBe(waiting);
    expect(applyState(settled, { ...structuredClone(answer), throughSeq: 4 }, 9)).toBe(settled);
  });

  it('takes the receipt of the database in place of an altered one', () => {
    const altered = after([...hello.slice(0, 3), ended(3, receipt(10, { sha256: '0'.repeat(64) }))]);
    const merged = applyState(
      altered,
      state({ status: 'COMPLETE', offset: 8, throughSeq: 2, end: receipt(8) }),
      0,
    );

    expect(merged.end).toEqual(receipt(8));
  });

  it('moves to a newer attempt, cuts to its resume offset and forgets the receipt before it', () => {
    const interrupted = after([...hello.slice(0, 3), ended(3, receipt(8), { status: 'INTERRUPTED' })]);
    const next = state({ attempt: 2, status: 'PENDING', resumeOffset: 5, offset: 5 });
    const merged = applyState(interrupted, next, 0);

    expect(merged).toMatchObject({
      attempt: 2,
      status: 'PENDING',
      text: 'Hello',
      end: undefined,
      nextSeq: 0,
    });
    expect(applyState(merged, state({ text: 'Hello 😀', end: receipt(8), status: 'INTERRUPTED' }), 0)).toBe(
      merged,
    );
  });

  it('cuts reasoning that was ahead of the log to where a newer attempt begins', () => {
    const overHttp = after([start(), reasoning(1, 0, 'abcLOST'), delta(2, 0, 'text')]);
    const resume = { attempt: 2, resumeOffset: 4, resumeReasoningOffset: 3 };
    const known = applyState(
      overHttp,
      state({ ...resume, status: 'PENDING', offset: 4, reasoningOffset: 7 }),
      0,
    );
    const live = after([start(resume), reasoning(1, 3, 'def', resume)], known);

    expect(known).toMatchObject({ text: 'text', reasoning: 'abc' });
    expect(live).toMatchObject({ text: 'text', reasoning: 'abcdef', gapSince: undefined });
  });
});

describe('needsCatchUp', () => {
  it('asks when a hole is 300 ms old, not before', () => {
    const message = after([start(), delta(2, 3, 'x')], empty, 1_000);

    expect(GAP_PATIENCE_MS).toBe(300);
    expect(message.gapSince).toBe(1_000);
    expect(needsCatchUp(message, 1_299)).toBe(false);
    expect(needsCatchUp(message, 1_300)).toBe(true);
  });

  it('dates a hole once and forgets it when it is filled', () => {
    const message = after([delta(3, 4, 'x')], after([start(), delta(2, 3, 'x')], empty, 1_000), 1_200);
    const filled = after([delta(1, 0, 'abc')], message, 1_250);

    expect(message.gapSince).toBe(1_000);
    expect(filled).toMatchObject({ text: 'abcxx', gapSince: undefined });
    expect(needsCatchUp(filled, 9_999)).toBe(false);
  });

  it('asks at once when a receipt does not fit', () => {
    expect(needsCatchUp(after([start(), ended(3, receipt(8))]), 0)).toBe(true);
  });

  it('notices by a heartbeat that batches were lost', () => {
    const message = after([start(), delta(1, 0, 'ab'), heartbeat(2, 2)]);

    expect(needsCatchUp(message, GAP_PATIENCE_MS)).toBe(true);
    expect(needsCatchUp(after([start(), delta(1, 0, 'ab'), heartbeat(1, 2)]), GAP_PATIENCE_MS)).toBe(false);
  });

  it.each([
    ['START', start({ attempt: 2, resumeOffset: 5 })],
    ['a heartbeat before any text', heartbeat(0, 5, { attempt: 2, resumeOffset: 5 })],
    ['reasoning', reasoning(1, 0, 'hm', { attempt: 2, resumeOffset: 5 })],
    ['text', delta(1, 5, '!', { attempt: 2, resumeOffset: 5 })],
  ])('notices by %s of a newer attempt that earlier text is missing', (_name, batch) => {
    const message = after([batch], after([start(), delta(1, 0, 'ab')]));

    expect(message.text).toBe('ab');
    expect(needsCatchUp(message, GAP_PATIENCE_MS)).toBe(true);
  });

  it('does not ask for a START that was lost', () => {
    expect(needsCatchUp(after([heartbeat(0, 0)]), GAP_PATIENCE_MS)).toBe(false);
    expect(needsCatchUp(restart(after([start()]), 0), GAP_PATIENCE_MS)).toBe(true);
    expect(needsCatchUp(applyState(restart(after([start()]), 0), state(), 0), GAP_PATIENCE_MS)).toBe(false);
  });
});

describe('restart', () => {
  it('forgets text and receipt, keeps attempt and stored status, and asks after 300 ms', () => {
    const message = restart(after(hello), 50);

    expect(message).toMatchObject({
      text: '',
      reasoning: '',
      end: undefined,
      attempt: 1,
      status: 'COMPLETE',
    });
    expect(needsCatchUp(message, 349)).toBe(false);
    expect(needsCatchUp(message, 350)).toBe(true);
  });

  it.each([
    ['COMPLETE', hello],
    ['STREAMING', hello.slice(0, 3)],
  ])('is not forgotten when something arrives late, for a message that is %s', (_status, batches) => {
    const message = restart(after(batches), 0);

    expect(needsCatchUp(after([heartbeat(0, 0), start()], message), GAP_PATIENCE_MS)).toBe(true);
  });

  it('is repaired by the next snapshot, not by an answer that was asked for before', () => {
    const end = receipt(8);
    const message = restart(after(hello), 0);
    const early = applyState(message, state({ status: 'COMPLETE', offset: 8, end }), 0);
    const repaired = applyState(early, state({ status: 'COMPLETE', text: 'Hello 😀', end }), 0);

    expect(early.text).toBe('');
    expect(needsCatchUp(early, 0)).toBe(true);
    expect(repaired).toMatchObject({ text: 'Hello 😀', end, gapSince: undefined });
  });
});
